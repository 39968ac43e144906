/** The settings of what is kept, and for how long: files of sessions, and rows that are no part of their logs. */
import { whole } from './values.ts';
import type { Variable } from './variable.ts';

export const snapshotVariables = {
  snapshotKeep: {
    name: 'ASH_SNAPSHOT_KEEP',
    default: '5',
    meaning: 'Snapshots of a session that are kept; the newest always is',
    schema: whole(1, 1000),
  },
  snapshotDays: {
    name: 'ASH_SNAPSHOT_DAYS',
    default: '30',
    meaning: 'Days after which a snapshot goes that is not the newest of its session',
    schema: whole(1, 36_500),
  },
  snapshotAfterTurnMs: {
    name: 'ASH_SNAPSHOT_AFTER_TURN_MS',
    default: '300000',
    meaning: 'After a turn a snapshot is taken when the newest is older than this, in ms',
    schema: whole(0, 2_147_483_647),
  },
  snapshotMaxMb: {
    name: 'ASH_SNAPSHOT_MAX_MB',
    default: '16384',
    meaning: 'Largest snapshot, in MiB of all files, holes counted',
    schema: whole(1, 16_777_216),
  },
  endedWorkspaceDays: {
    name: 'ASH_ENDED_WORKSPACE_DAYS',
    default: '30',
    meaning: 'Days after which the workspace of an ended session is kept as its snapshot only',
    schema: whole(0, 36_500),
  },
  endedWorkspaces: {
    name: 'ASH_ENDED_WORKSPACES',
    default: '1000',
    meaning: 'Ended sessions whose workspace is kept as it is; of more, those that ended first are kept as snapshots',
    schema: whole(0, 30_000),
  },
  endedSnapshotDays: {
    name: 'ASH_ENDED_SNAPSHOT_DAYS',
    default: '365',
    meaning: 'Days after which an ended session has no files and attachments any more; its log stays',
    schema: whole(0, 36_500),
  },
  queueItemDays: {
    name: 'ASH_QUEUE_ITEM_DAYS',
    default: '90',
    meaning: 'Days after which a queue item that has ended is forgotten; its session stays',
    schema: whole(1, 36_500),
  },
  usageDays: {
    name: 'ASH_USAGE_DAYS',
    default: '730',
    meaning: 'Days after which usage is forgotten; sums are of what is kept',
    schema: whole(1, 36_500),
  },
} as const satisfies Record<string, Variable>;
