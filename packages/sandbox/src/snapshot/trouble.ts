/** What is wrong with the files and the snapshots of one session, as they lie there. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { Disks } from '../disk/disks.ts';
import { createProcessIsolation } from '../isolation/process.ts';
import { isThere } from '../workspace/exists.ts';
import { names, numbersIn, readHead, type SnapshotHead } from './head.ts';
import { LocalSnapshots } from './local-snapshots.ts';
import { setAsideName, whyLost, workspaceMarker } from './put-back.ts';

export interface SnapshotTrouble {
  code: 'workspace_missing' | 'workspace_set_aside' | 'snapshot_broken';
  severity: 'error' | 'warning' | 'note';
  what: string;
  suggestion: string;
  path: string;
}

/** @param thorough reads the newest snapshots whole, else heads, names and sizes */
export async function troubleOfSnapshots(
  dataDir: string,
  { sessionId, agentDir, thorough }: { sessionId: string; agentDir: string; thorough: boolean },
): Promise<SnapshotTrouble[]> {
  const dir = join(dataDir, 'sandboxes', sessionId);
  const snapshotsDir = join(dataDir, 'snapshots');
  const folder = join(snapshotsDir, sessionId);
  const numbers = await numbersIn(folder);
  const heads = await Promise.all(numbers.map((n) => readHead(folder, n)));
  const found: SnapshotTrouble[] = [];
  let whole = 0;
  for (const [index, head] of heads.entries()) {
    const n = numbers[index] ?? 0;
    const problem = head === undefined ? 'its head is damaged' : await missingOf(folder, head);
    if (problem === undefined) whole += 1;
    else found.push(broken(sessionId, n, problem, join(folder, names.head(n))));
  }
  if (thorough && whole > 0) {
    const isolation = { ...createProcessIsolation(), setFrozen: () => Promise.resolve(false) };
    const disks = new Disks(join(dataDir, 'sandboxes'), false);
    await using snapshots = new LocalSnapshots({ snapshotsDir, maxBytes: 0, disks, isolation });
    const { damaged, head } = await snapshots.verified(sessionId, agentDir);
    for (const n of damaged) {
      const path = join(folder, names.head(n));
      if (!found.some((one) => one.path === path)) found.push(broken(sessionId, n, 'its content is damaged', path));
    }
    whole = head === undefined ? 0 : whole;
  }
  if (await isThere(join(dir, setAsideName))) {
    found.push({
      ...{ code: 'workspace_set_aside', severity: 'note', path: join(dir, setAsideName) },
      what: `A broken workspace of session ${sessionId} was replaced by a snapshot, and set aside`,
      suggestion: 'Look whether something of it is still needed, then remove it.',
    });
  }
  const here = await isThere(join(dir, workspaceMarker));
  const reason =
    (await whyLost(dir, { has: async () => whole > 0 })) ?? (here || whole > 0 ? undefined : 'nothing is left');
  if (reason !== undefined && (whole === 0 || here)) {
    found.push({
      ...{ code: 'workspace_missing', severity: whole > 0 ? 'warning' : 'error', path: dir },
      what: `The workspace of session ${sessionId} is lost: ${reason}`,
      suggestion:
        whole > 0
          ? 'It is put back from its newest snapshot when the session wakes.'
          : 'Restore a backup; its messages can still be read.',
    });
  }
  return found;
}

function broken(sessionId: string, n: number, problem: string, path: string): SnapshotTrouble {
  return {
    ...{ code: 'snapshot_broken', severity: 'warning', path },
    what: `Snapshot ${n} of session ${sessionId} can't be used: ${problem}`,
    suggestion: 'While its workspace is there, the next snapshot replaces it. Look after the disk that it lies on.',
  };
}

async function missingOf(folder: string, head: SnapshotHead): Promise<string | undefined> {
  const sizes: [string, number][] = [
    [names.list(head.n), head.list.bytes],
    ...head.packs.map(({ n, bytes }): [string, number] => [names.pack(n), bytes]),
  ];
  for (const [name, bytes] of sizes) {
    const stats = await lstat(join(folder, name)).catch(() => undefined);
    if (stats === undefined) return `${name} is missing`;
    if (stats.size !== bytes) return `${name} is not as long as it was`;
  }
  return undefined;
}
