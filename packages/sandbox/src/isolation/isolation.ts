/** The promise every way of walling a sandbox keeps: launch a pair, run one command, find it again, destroy it. */
import type { IsolationName } from '@ash-ai/shared/contract';

export type { IsolationName };

export type IsolationErrorCode =
  | 'isolation_unavailable'
  | 'sandbox_path_unreachable'
  | 'sandbox_launch_failed'
  | 'sandbox_destroy_failed';

/** An expected failure of this room; the caller maps `code` to its own table. */
export class IsolationError extends Error {
  readonly code: IsolationErrorCode;

  constructor(code: IsolationErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'IsolationError';
    this.code = code;
  }
}

/** What really holds a limit. `none` means that nothing does, however the limit is set. */
export type HeldBy = 'cgroup2' | 'cgroup1' | 'rlimit' | 'none';

/** What an isolation enforces on this machine, as found by trying. */
export interface Enforced {
  memory: HeldBy;
  pids: HeldBy;
  cpu: HeldBy;
  /** How everything of a sandbox is killed; `process-group` misses what calls setsid. */
  kill: 'cgroup2' | 'cgroup1' | 'pid-namespace' | 'process-group';
  /** Wall and bridge run under two uids of their own. */
  privateUids: boolean;
  files: boolean;
  network: boolean;
  syscalls: boolean;
}

/** Kernel uids (and gids of the same number) of one sandbox. `wall + 2` is its too: the root of its user namespace in `oci`. */
export interface UidPair {
  wall: number;
  bridge: number;
}

export interface Limits {
  memoryBytes: number;
  pids: number;
  /** CPUs' worth of time; 0.5 is half of one. */
  cpus: number;
  /** Size of /tmp; never more than a quarter of the memory, because tmpfs is charged to it. */
  tmpBytes: number;
  /** Largest single file. */
  fileBytes: number;
  openFiles: number;
}

export interface BridgeSpec {
  execPath: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  /** Host files and folders, besides the folder of `execPath` and the sandbox's own, that the bridge reads; real paths, no links. */
  readablePaths: readonly string[];
}

export interface SandboxSpec {
  /** Names the cgroups; letters, digits, `_` and `-`, at most 64. One life of a sandbox, never used for two at once. */
  sandboxId: string;
  sandboxDir: string;
  /** Which one walls it in, where there are several. Default: the first. */
  isolation?: IsolationName;
  /** Required when the server is root, absent otherwise. */
  uids?: UidPair;
  limits: Limits;
  /** Host folder of the agent runtime's executable. */
  runtimeDir: string;
}

export interface LaunchSpec extends SandboxSpec {
  bridge: BridgeSpec;
  /** Resolves with what is to run in the wall ahead of the bridge's own word, or with undefined when nothing is. */
  command?: Promise<string | undefined>;
}

export interface ExecSpec extends SandboxSpec {
  argv: readonly string[];
  env: Readonly<Record<string, string>>;
  /** As seen inside; default the workspace. */
  cwd?: string;
  /** Run within the limits of this live sandbox; without it the command gets limits of its own. */
  within?: Launched;
  timeoutMs: number;
  /** For stdout and stderr together; the tree is killed when more comes. */
  maxBytes: number;
  signal?: AbortSignal;
}

export interface ExecResult {
  /** 128 + signal number when a signal ended it. */
  exitCode: number;
  stdout: Buffer;
  stderr: Buffer;
  /** Why the tree was killed before it ended by itself. */
  stopped?: 'timeout' | 'output' | 'aborted';
}

/** A process that can be told from a later one with the same pid. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/pid/stat: clock ticks after boot. */
  startedAt: string;
}

/** The cgroups of one sandbox. */
export interface Groups {
  /** Directories that the wall joins. */
  wall: string[];
  bridge: string[];
  /** Directory whose `cgroup.kill` ends both. */
  kill?: string;
  /** In the order in which they can be removed. */
  remove: string[];
}

/** Everything about a running pair; plain data, enough for a restarted server to verify and destroy it. */
export interface Launched {
  isolation: IsolationName;
  sandboxId: string;
  bootId: string;
  bridge: ProcessIdentity;
  wall: ProcessIdentity;
  groups: Groups;
  uids?: UidPair;
  enforced: Enforced;
  /** Limits as read back from the kernel; absent where nothing enforces them. */
  limits: { memoryBytes?: number; pids?: number; cpus?: number };
  /** Whether something may run in the wall that the bridge was not told of; then it is of use to its launcher only. */
  headStart?: true;
}

/** Folders as the agent runtime sees them. */
export interface InsidePaths {
  workspace: string;
  home: string;
  /** Holds the bridge's sockets. */
  run: string;
  runtime: string;
  tmp: string;
}

/** What becomes of a sandbox that is found. */
export type Fate = 'ours to keep' | 'ours to end' | 'not ours';

export interface Isolation {
  /** Of the default, where there are several. */
  readonly name: IsolationName;
  /** All that a sandbox may ask for. */
  readonly names: readonly IsolationName[];
  /** Whether what is inside has a kernel of its own. Default false. */
  readonly ownKernel?: boolean;
  /** What one of them enforces. Default: the default. */
  capabilities(name?: IsolationName): Enforced;
  inside(spec: Pick<SandboxSpec, 'sandboxDir' | 'runtimeDir' | 'isolation'>): InsidePaths;
  /**
   * Starts a bridge and the launcher of its wall, joined by socketpairs; both outlive the caller.
   * The wall stands when the bridge sends the argv to run in it (see `channels.ts`).
   * @throws IsolationError `sandbox_path_unreachable`, `sandbox_launch_failed`, `isolation_unavailable`
   */
  launch(spec: LaunchSpec): Promise<Launched>;
  /**
   * Runs one command behind a fresh wall over the same workspace and home; dies with the caller.
   * @throws IsolationError `sandbox_path_unreachable`, `sandbox_launch_failed`, `isolation_unavailable`
   */
  exec(spec: ExecSpec): Promise<ExecResult>;
  /**
   * Kills everything of the pair, double forks included, waits until it is gone and removes its cgroups. Idempotent.
   * @throws IsolationError `sandbox_destroy_failed`
   */
  destroy(record: Launched): Promise<void>;
  isAlive(record: Launched): Promise<{ bridge: boolean; wall: boolean }>;
  /** Holds everything inside still, or lets it go on; false where this machine can't. The bridge goes on. */
  setFrozen(record: Launched, frozen: boolean): Promise<boolean>;
  /**
   * Ends what was launched by a server that died before it recorded it, as far as it can be told.
   * @returns ids of the sandboxes that were ended
   */
  sweep(fate: (sandboxId: string) => Promise<Fate>): Promise<string[]>;
}
