/**
 * Walks a tree that an agent owns, and may be changing, without being led out of it: every name is reached through the
 * descriptor of its folder, and no link is followed. Like `workspace/folder.ts`, but synchronous, for a process of its own;
 * and it finds everything, names that aren't UTF-8 too.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
} from 'node:fs';
import { nameText } from './entry.ts';

const { O_DIRECTORY, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Folders within folders; each holds a descriptor. */
const maxDepth = 500;

export interface Found {
  path: string;
  stats: BigIntStats;
  /** Opens a regular file; undefined when it isn't that file any more. The caller closes it. */
  open(): number | undefined;
  target(): string;
}

/** Thrown for a tree that can't be kept whole. */
export class TreeUnfit extends Error {
  override readonly name = 'TreeUnfit';
}

/** Path of a name in an open folder. */
export function inFolder(fd: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]);
}

/** Everything below an open folder, each folder before what is in it, by name. What vanishes meanwhile isn't there. */
export function* walk(fd: number, path: string, depth = 0): Generator<Found, void, undefined> {
  if (depth > maxDepth) throw new TreeUnfit(`more than ${maxDepth} folders within folders`);
  const entries = readdirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' });
  entries.sort(Buffer.compare);
  for (const name of entries) {
    const at = inFolder(fd, name);
    const stats = unlessGone(() => lstatSync(at, { bigint: true }));
    if (stats === undefined) continue;
    const inner = `${path}/${nameText(name)}`;
    const found = { path: inner, stats, open: () => openFile(at, stats), target: () => linkTarget(at) };
    if (!stats.isDirectory()) {
      yield found;
      continue;
    }
    const folder = unlessGone(() => openSync(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK));
    if (folder === undefined) continue;
    try {
      yield found;
      yield* walk(folder, inner, depth + 1);
    } finally {
      closeSync(folder);
    }
  }
}

function openFile(at: Buffer, { dev, ino }: BigIntStats): number | undefined {
  const fd = unlessGone(() => openSync(at, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (fd === undefined) return undefined;
  const stats = fstatSync(fd, { bigint: true });
  if (stats.isFile() && stats.dev === dev && stats.ino === ino) return fd;
  closeSync(fd);
  return undefined;
}

function linkTarget(at: Buffer): string {
  return nameText(readlinkSync(at, { encoding: 'buffer' }));
}

function unlessGone<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw cause;
  }
}
