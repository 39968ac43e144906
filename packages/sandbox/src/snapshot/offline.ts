/** Snapshots of a data folder on which no server runs, and the files of those that are there: for backups. */
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { Disks } from '../disk/disks.ts';
import { createProcessIsolation } from '../isolation/process.ts';
import { isThere } from '../workspace/exists.ts';
import { names, newestHead } from './head.ts';
import { LocalSnapshots } from './local-snapshots.ts';
import { whyLost, workspaceMarker } from './put-back.ts';

export interface OfflineSession {
  sessionId: string;
  seq: number;
  agentDir: string;
}

/**
 * Takes a snapshot of each session that has files. The caller sees to it that no server starts meanwhile.
 * @param told called after each, with what went wrong
 * @returns those of which none could be taken
 */
export async function takeSnapshotsOffline(
  dataDir: string,
  sessions: readonly OfflineSession[],
  told: (sessionId: string, problem?: unknown) => void,
): Promise<string[]> {
  const sandboxesDir = await realpath(join(dataDir, 'sandboxes')).catch(() => join(dataDir, 'sandboxes'));
  // What still lives in a sandbox goes on; it can only be held still by a server.
  const { isAlive } = createProcessIsolation();
  const isolation = { isAlive, setFrozen: () => Promise.resolve(false) };
  const maxBytes = Number.MAX_SAFE_INTEGER;
  const disks = new Disks(sandboxesDir, true);
  await using snapshots = new LocalSnapshots({ snapshotsDir: join(dataDir, 'snapshots'), maxBytes, disks, isolation });
  const missed: string[] = [];
  for (const { sessionId, seq, agentDir } of sessions) {
    const dir = join(sandboxesDir, sessionId);
    try {
      if (!(await isThere(join(dir, workspaceMarker))) || (await whyLost(dir, snapshots)) !== undefined) {
        told(sessionId);
        continue;
      }
      await snapshots.take({ sessionId, seq, session: null, agentDir, urgent: true }, dir);
      told(sessionId);
    } catch (problem) {
      missed.push(sessionId);
      told(sessionId, problem);
    }
  }
  return missed;
}

/** Names of the files of a session's newest snapshot; undefined when it has none. */
export async function snapshotFilesOf(snapshotsDir: string, sessionId: string): Promise<string[] | undefined> {
  const head = await newestHead(join(snapshotsDir, sessionId));
  if (head === undefined) return undefined;
  return [names.head(head.n), names.list(head.n), ...head.packs.map(({ n }) => names.pack(n))];
}
