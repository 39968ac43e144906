/** Takes a snapshot: everything of two folders as it is. What an earlier snapshot or the agent's own folder has is not stored again. */
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { basename, join } from 'node:path';
import { agentIndex } from './agent-index.ts';
import { entriesBefore } from './earlier.ts';
import { type Entry, packList, readList } from './entry.ts';
import { names, type PackHead, type SnapshotHead } from './head.ts';
import { PackReader } from './pack-file.ts';
import { type Agent, Places } from './places.ts';
import { type Found, TreeUnfit, walk } from './walk.ts';

const maxEntries = 600_000;

export interface TakeRequest {
  /** Holds `workspace` and `home`. */
  disk: string;
  /** Folder of this session's snapshots. */
  folder: string;
  /** Folder of all snapshots. */
  snapshotsDir: string;
  agentDir: string | undefined;
  previous: SnapshotHead | undefined;
  n: number;
  maxBytes: number;
}

export type Taken = Pick<
  SnapshotHead,
  'files' | 'entries' | 'contentBytes' | 'packs' | 'list' | 'agent' | 'scannedAtNs'
>;

export interface TakeAnswer {
  /** Undefined when nothing is new since the previous snapshot. */
  taken: Taken | undefined;
}

export const roots = ['workspace', 'home'] as const;

/** @throws TreeUnfit */
export function take(request: TakeRequest): TakeAnswer {
  const { folder, n, previous } = request;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // biome-ignore lint/plugin: compared with the times of files
  const scannedAtNs = BigInt(Date.now()) * 1_000_000n;
  const before = entriesBefore(folder, previous);
  const agent = agentOf(request);
  const store = new Places(request, before, agent);
  const entries: Entry[] = [];
  const seen = new Map<string, string>();
  let contentBytes = 0;
  for (const root of roots) {
    const fd = openSync(join(request.disk, root), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      entries.push(folderEntry(root, fstatSync(fd, { bigint: true })));
      for (const found of walk(fd, root)) {
        // Before it is read: a file of holes can be of any length.
        if (found.stats.isFile()) contentBytes += Number(found.stats.size);
        if (contentBytes > request.maxBytes) throw new TreeUnfit(`more than ${request.maxBytes} bytes of files`);
        const entry = entryOf(found, seen, store);
        if (entry !== undefined) entries.push(entry);
        if (entries.length > maxEntries) throw new TreeUnfit(`more than ${maxEntries} files and folders`);
      }
    } finally {
      closeSync(fd);
    }
  }
  const pack = store.end();
  const old = before?.entries ?? [];
  if (pack === undefined && previous !== undefined && equal(old, entries)) return { taken: undefined };
  const list = packList(entries);
  writeWhole(join(folder, names.list(n)), list.compressed);
  const packs = packsOf(entries, [...(previous?.packs ?? []), ...(pack === undefined ? [] : [pack])]);
  const files = entries.filter(({ kind }) => kind === 'file' || kind === 'same').length;
  const taken: Taken = {
    ...{ files, entries: entries.length, contentBytes, packs },
    list: { bytes: list.compressed.length, sha256: list.sha256 },
    scannedAtNs: String(scannedAtNs),
    ...(agent !== undefined && usesAgent(entries) ? { agent: agent.name } : {}),
  };
  check(request, taken, pack);
  return { taken };
}

function agentOf({ agentDir, snapshotsDir }: TakeRequest): Agent | undefined {
  if (agentDir === undefined) return undefined;
  try {
    return { name: basename(agentDir), index: agentIndex(snapshotsDir, agentDir) };
  } catch {
    // Without it everything is stored.
    return undefined;
  }
}

function entryOf(found: Found, seen: Map<string, string>, store: Places): Entry | undefined {
  const { path, stats } = found;
  const [mode, mtimeNs] = [Number(stats.mode & 0o7777n), String(stats.mtimeNs)];
  if (stats.isDirectory()) return folderEntry(path, stats);
  if (stats.isSymbolicLink()) return linkEntry(found, mtimeNs);
  if (stats.isFIFO()) return { kind: 'pipe', path, mode, mtimeNs };
  // Sockets mean nothing without the process behind them, and there are no devices in a sandbox.
  if (!stats.isFile()) return undefined;
  const identity = `${stats.dev}:${stats.ino}`;
  const as = stats.nlink > 1n ? seen.get(identity) : undefined;
  if (as !== undefined) return { kind: 'same', path, as };
  const entry = store.file(found);
  if (entry !== undefined && stats.nlink > 1n) seen.set(identity, path);
  return entry;
}

function folderEntry(path: string, { mode, mtimeNs }: Pick<Found['stats'], 'mode' | 'mtimeNs'>): Entry {
  return { kind: 'folder', path, mode: Number(mode & 0o7777n), mtimeNs: String(mtimeNs) };
}

function linkEntry({ path, target }: Found, mtimeNs: string): Entry | undefined {
  try {
    return { kind: 'link', path, mtimeNs, target: target() };
  } catch {
    // Gone, or no link any more.
    return undefined;
  }
}

/** Whether two lists say the same of the tree, wherever its content is kept. */
function equal(old: readonly Entry[], entries: readonly Entry[]): boolean {
  return old.length === entries.length && old.every((entry, index) => told(entry) === told(entries[index] ?? entry));
}

function told(entry: Entry): string {
  const { kind, path } = entry;
  if (kind === 'same') return JSON.stringify([kind, path, entry.as]);
  const more = kind === 'link' ? [entry.target] : kind === 'file' ? [entry.mode, entry.sha256] : [entry.mode];
  return JSON.stringify([kind, path, entry.mtimeNs, ...more]);
}

function usesAgent(entries: readonly Entry[]): boolean {
  return entries.some((entry) => entry.kind === 'file' && 'agent' in entry.place);
}

function packsOf(entries: readonly Entry[], packs: readonly PackHead[]): PackHead[] {
  const used = new Set<number>();
  for (const entry of entries) {
    if (entry.kind === 'file' && entry.size > 0 && 'pack' in entry.place) used.add(entry.place.pack);
  }
  return packs.filter(({ n }) => used.has(n));
}

/** Reads back what was written. @throws Error when it isn't what it should be */
function check({ folder, n }: TakeRequest, { list }: Taken, pack: PackHead | undefined): void {
  const entries = readList(join(folder, names.list(n)), list.sha256);
  if (pack === undefined) return;
  const written = new Map<number, { size: number; sha256: string }>();
  for (const entry of entries) {
    if (entry.kind !== 'file' || entry.size === 0 || 'agent' in entry.place || entry.place.pack !== n) continue;
    written.set(entry.place.offset, entry);
  }
  using reader = new PackReader(join(folder, names.pack(n)), pack);
  for (const [offset, { size, sha256 }] of [...written].sort(([a], [b]) => a - b)) {
    const hash = createHash('sha256');
    for (const chunk of reader.read(offset, size)) hash.update(chunk);
    if (hash.digest('hex') !== sha256) throw new Error('what was written can not be read back');
  }
}

function writeWhole(path: string, bytes: Buffer): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
