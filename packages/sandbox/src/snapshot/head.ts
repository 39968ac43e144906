/**
 * The head of a snapshot: the small file that says what belongs to it and how to tell that it is whole. It is written last,
 * in one step, so a snapshot without a head does not exist. Heads and what they name lie in a folder per session:
 * `<n>.json` the head, `<n>.list.zst` what was where, `<n>.tar.zst` the content that no earlier snapshot had.
 */
import { createHash } from 'node:crypto';
import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

/** A file of content. Its frames decompress one by one, and all together are a tar archive. */
export interface PackHead {
  n: number;
  /** Size of the file. */
  bytes: number;
  sha256: string;
  /** When it was last found to be whole. */
  checkedAt: string;
  /** Bytes of content in it, whether anybody still names them or not. */
  rawBytes: number;
  /** Compressed length of each frame. */
  frames: number[];
}

export interface SnapshotHead {
  format: 1;
  n: number;
  sessionId: string;
  /** Newest entry of the session's log when it was taken. */
  seq: number;
  /** When it was taken. */
  at: string;
  /** What held the files still: no process was there, all were frozen, or nothing did. */
  held: 'asleep' | 'frozen' | 'not held';
  files: number;
  /** Files, folders, links, pipes. */
  entries: number;
  /** Bytes of all files. */
  contentBytes: number;
  /** Whether a file can be found to be unchanged by its time: not when the time is younger than this, in ns since the epoch. */
  scannedAtNs: string;
  packs: PackHead[];
  list: { bytes: number; sha256: string };
  /** Folder of the agent version that unchanged files are read from: its name, which is the hash of its content. */
  agent?: string;
  disk?: { diskMb: number; inodes: number };
  /** The session's settings, for whoever has nothing but the snapshot. */
  session: unknown;
}

const headName = /^(\d{1,9})\.json$/;

export const names = {
  head: (n: number) => `${n}.json`,
  list: (n: number) => `${n}.list.zst`,
  pack: (n: number) => `${n}.tar.zst`,
};

/** Numbers of the snapshots in a folder, oldest first. */
export async function numbersIn(folder: string): Promise<number[]> {
  const found = await readdir(folder).catch(ifMissing);
  const numbers = (found ?? []).flatMap((name) => headName.exec(name)?.[1] ?? []);
  return numbers.map(Number).sort((a, b) => a - b);
}

/** A head that is whole; undefined when it is missing or damaged. */
export async function readHead(folder: string, n: number): Promise<SnapshotHead | undefined> {
  try {
    const { sum, ...head } = JSON.parse(await readFile(join(folder, names.head(n)), 'utf8')) as SnapshotHead & {
      sum: string;
    };
    return sum === sumOf(head) && head.format === 1 && head.n === n ? head : undefined;
  } catch {
    return undefined;
  }
}

/** The newest head that is whole. */
export async function newestHead(folder: string): Promise<SnapshotHead | undefined> {
  for (const n of (await numbersIn(folder)).reverse()) {
    const head = await readHead(folder, n);
    if (head !== undefined) return head;
  }
  return undefined;
}

/** Makes the snapshot exist: its files must be on the disk by now. */
export async function writeHead(folder: string, head: SnapshotHead): Promise<void> {
  const path = join(folder, names.head(head.n));
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify({ ...head, sum: sumOf(head) }));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await syncFolder(folder);
}

export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

function sumOf(head: SnapshotHead): string {
  return createHash('sha256').update(JSON.stringify(head)).digest('hex');
}

function ifMissing(cause: NodeJS.ErrnoException): undefined {
  if (cause.code !== 'ENOENT') throw cause;
}
