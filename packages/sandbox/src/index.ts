export { BridgeCode } from './bridge-code.ts';
export { unlessClosing } from './closing.ts';
export { tryDisks } from './disk/try-disks.ts';
export { FairLine } from './fair-line.ts';
export { createBubblewrapIsolation } from './isolation/bubblewrap.ts';
export { inspectWalls, type WallRow } from './isolation/inspect.ts';
export { type Isolation, IsolationError, type Limits, type UidPair } from './isolation/isolation.ts';
export { createIsolationSet } from './isolation/isolation-set.ts';
export { createOciIsolation } from './isolation/oci.ts';
export { createProcessIsolation } from './isolation/process.ts';
export { type Check, selfTest } from './isolation/self-test.ts';
export { claimUids } from './isolation/uid-claims.ts';
export { serversUids, takenUids } from './isolation/uids.ts';
export type { LeftOff, LeftOffRequest } from './left-off.ts';
export { createLocalRunner, type LocalRunnerOptions } from './local-runner.ts';
export {
  type Attachment,
  type AwakeSandbox,
  type Boot,
  type Committed,
  type Conversation,
  LeaseLost,
  type OpenRequest,
  type Runner,
  type SpareRequest,
  type WorkspaceSource,
} from './runner.ts';
export { isolationLimits } from './sandbox-limits.ts';
export { hasSetUp } from './set-up.ts';
export { Slots } from './slots.ts';
export { snapshotFilesOf, takeSnapshotsOffline } from './snapshot/offline.ts';
export type { PutBack, Snapshot, Snapshots } from './snapshot/snapshots.ts';
export { troubleOfSnapshots } from './snapshot/trouble.ts';
export { isSpare } from './spare-mark.ts';
export { Folder } from './workspace/folder.ts';
export { type FileEntry, listFiles } from './workspace/list.ts';
export { allOf, type Bytes, readFile } from './workspace/read.ts';
export type { WriteResult } from './workspace/write.ts';
export {
  type CommandResult,
  type FilesFrom,
  maxCommandOutputBytes,
  type WorkspaceOf,
  type Workspaces,
} from './workspaces.ts';
