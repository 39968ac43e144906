/** What a runner promises about the workspaces of its sessions: the same whether a session is awake or asleep. */
import type { IsolationName, SandboxLimits } from '@ash-ai/shared/contract';
import type { WorkspaceSource } from './runner.ts';
import type { Listing } from './workspace/list.ts';
import type { Bytes } from './workspace/read.ts';
import type { WriteResult } from './workspace/write.ts';

/** Whose workspace, and what it is made from when there is none yet; without a source a missing one is an error. */
export interface WorkspaceOf {
  sessionId: string;
  source?: WorkspaceSource;
}

/** Whether files come from the workspace of a live sandbox or of one that is asleep. */
export type FilesFrom = 'sandbox' | 'snapshot';

export interface CommandRequest {
  /** Text for bash. */
  command: string;
  /** Variables on top of those that every sandbox has. */
  env: Readonly<Record<string, string>>;
  timeoutMs: number;
  /** What it may use when it is not run within a live sandbox. Default: the runner's own limits. */
  limits?: SandboxLimits;
  /** How it is walled in. Default: as the runner does it. */
  isolation?: IsolationName;
  /** Whether it gets the proxy of the live sandbox, for what that may reach; without one it fails. Default: no network. */
  egress?: boolean;
}

export interface CommandResult {
  /** 1 when it was stopped. */
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Why it was killed before it ended by itself. */
  stopped?: 'timeout' | 'output' | 'aborted';
}

/** Most that a command may say, in bytes of stdout and of stderr. */
export const maxCommandOutputBytes = 10 * 1024 * 1024;

/** All calls throw `workspace_not_found`, and those with a path `file_path_invalid`. */
export interface Workspaces {
  list(of: WorkspaceOf, options: { includeHidden: boolean }): Promise<Listing & { from: FilesFrom }>;
  /** @throws file_not_found, not_a_file, file_too_large, file_access_denied */
  read(of: WorkspaceOf, path: string, maxBytes: number): Promise<Bytes & { from: FilesFrom }>;
  write(
    of: WorkspaceOf,
    target: string,
    files: readonly { path: string; content: Uint8Array }[],
  ): Promise<WriteResult[]>;
  /** @throws file_not_found, not_a_file, file_access_denied */
  delete(of: WorkspaceOf, path: string): Promise<void>;
  /** A tar.gz. @throws bundle_too_large */
  pack(of: WorkspaceOf): Promise<Bytes>;
  /** @throws bundle_invalid */
  unpack(of: WorkspaceOf, bundle: Uint8Array): Promise<{ from: FilesFrom }>;
  /** Runs a command behind a wall of its own, within the limits of the live sandbox if there is one. @throws exec_failed */
  exec(of: WorkspaceOf, request: CommandRequest, signal: AbortSignal): Promise<CommandResult>;
}
