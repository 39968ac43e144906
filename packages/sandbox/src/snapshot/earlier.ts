/** What the snapshot before holds, as far as it can be used by the next one. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf } from './content.ts';
import { type Entry, type FileEntry, readList } from './entry.ts';
import { names, type PackHead, type SnapshotHead } from './head.ts';

/** Packs at most: with more of them the small ones are written anew as one. */
const maxPacks = 16;
/** Packs up to this size are read each time; larger ones when nobody has read them for a day. */
const smallPackBytes = 64 * 1024 * 1024;
const recheckMs = 24 * 60 * 60 * 1000;

export interface Before {
  entries: Entry[];
  byPath: Map<string, FileEntry>;
  scannedAtNs: bigint;
  /** Packs of which too little is needed by now: what lives in them is stored anew. */
  dying: Set<number>;
  agent: string | undefined;
}

export function entriesBefore(folder: string, head: SnapshotHead | undefined): Before | undefined {
  if (head === undefined) return undefined;
  let entries: Entry[];
  try {
    entries = readList(join(folder, names.list(head.n)), head.list.sha256);
    for (const pack of head.packs) checkPack(join(folder, names.pack(pack.n)), pack);
  } catch {
    // Damaged: everything is stored anew.
    return { entries: [], byPath: new Map(), scannedAtNs: 0n, dying: new Set(), agent: undefined };
  }
  const files = entries.filter((entry) => entry.kind === 'file');
  const alive = new Map<number, number>();
  const counted = new Set<string>();
  for (const { place, size } of files) {
    if ('agent' in place || counted.has(`${place.pack}:${place.offset}`)) continue;
    counted.add(`${place.pack}:${place.offset}`);
    // With its header, in blocks of 512.
    alive.set(place.pack, (alive.get(place.pack) ?? 0) + 512 + Math.ceil(size / 512) * 512);
  }
  const small = head.packs.toSorted((a, b) => b.bytes - a.bytes).slice(head.packs.length < maxPacks ? Infinity : 1);
  const dying = [...small, ...head.packs.filter(({ n, rawBytes }) => (alive.get(n) ?? 0) < rawBytes / 3)];
  return {
    entries,
    byPath: new Map(files.map((file) => [file.path, file])),
    scannedAtNs: BigInt(head.scannedAtNs),
    dying: new Set(dying.map(({ n }) => n)),
    agent: head.agent,
  };
}

/** A snapshot that builds on what is damaged would be damaged too. Notes when it was read. */
function checkPack(path: string, pack: PackHead): void {
  const fd = openSync(path, 'r');
  try {
    if (fstatSync(fd).size !== pack.bytes) throw new Error('a pack is cut short');
    // biome-ignore lint/plugin: compared with a stored instant
    if (pack.bytes > smallPackBytes && Date.now() - Date.parse(pack.checkedAt) < recheckMs) return;
    const hash = createHash('sha256');
    for (const chunk of contentOf(fd, pack.bytes)) hash.update(chunk);
    if (hash.digest('hex') !== pack.sha256) throw new Error('a pack is damaged');
    pack.checkedAt = new Date().toISOString();
  } finally {
    closeSync(fd);
  }
}
