/** What a runner promises about stored copies of its sessions' files. All values can cross a wire. */
import type { WorkspaceSource } from '../runner.ts';

/** One that is whole. */
export interface Snapshot {
  n: number;
  /** Newest entry of the session's log when it was taken. */
  seq: number;
  at: string;
  held: 'asleep' | 'frozen' | 'not held';
  files: number;
  contentBytes: number;
  /** What all packs that it needs take on the disk, also those that others need too. */
  storedBytes: number;
}

export interface SnapshotRequest {
  sessionId: string;
  seq: number;
  /** The session's settings, kept with it. */
  session: unknown;
  /** Folder of the agent version that the workspace was made from. */
  agentDir: string;
  /** Whether somebody waits. */
  urgent?: boolean;
}

export interface SnapshotRules {
  /** Newest ones that are kept; one at least. */
  keep: number;
  /** Older ones go, but for the newest. */
  maxAgeMs: number;
}

/** Where a workspace came back from. */
export interface PutBack {
  snapshot: Snapshot;
  /** Newer ones that were damaged. */
  damaged: number[];
  /** Why it had to. */
  reason: string;
}

export interface Snapshots {
  /**
   * Takes one, unless the newest is the same; undefined when the session has no files. While it is taken, what is inside the
   * sandbox stands still where the machine can do that.
   * @throws snapshot_failed, storage_full; the signal's reason
   */
  take(request: SnapshotRequest, signal?: AbortSignal): Promise<Snapshot | undefined>;
  /** Those that are there, oldest first; whether their content is whole shows when they are restored. */
  list(sessionId: string): Promise<Snapshot[]>;
  /** Puts back a workspace that is missing or broken; undefined when it is neither. What is left of it is set aside. @throws workspace_lost */
  restore(sessionId: string, source: WorkspaceSource): Promise<PutBack | undefined>;
  /** Removes what the rules don't keep, and what a server that died left. */
  prune(sessionId: string, rules: SnapshotRules): Promise<void>;
  /** Removes all of a session. */
  remove(sessionId: string): Promise<void>;
  /** Sessions whose workspace lies here, and since when. */
  workspaces(): Promise<{ sessionId: string; madeAt: string }[]>;
  /** Sessions that have any. */
  sessions(): Promise<string[]>;
}
