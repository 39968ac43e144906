/** What a snapshot says of each thing in the tree, and the file that it says it in. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Where a file's content is: so far into the content of a pack, or at a path in the folder of the agent version. */
export type Place = { pack: number; offset: number } | { agent: string };

export interface FileEntry {
  kind: 'file';
  path: string;
  mode: number;
  mtimeNs: string;
  size: number;
  sha256: string;
  place: Place;
  /** Whether it has holes. */
  sparse?: true;
  /** By which the next snapshot sees that it is unchanged. */
  ino: string;
  ctimeNs: string;
}

/** Paths begin with `workspace` or `home`, are made of names with `/`, and are text as {@link nameText} makes it. */
export type Entry =
  | FileEntry
  | { kind: 'folder'; path: string; mode: number; mtimeNs: string }
  | { kind: 'link'; path: string; mtimeNs: string; target: string }
  /** Another name of a file that came before. */
  | { kind: 'same'; path: string; as: string }
  | { kind: 'pipe'; path: string; mode: number; mtimeNs: string };

/** A list can be large, but not larger than this when it is unpacked. */
const maxListBytes = 1024 * 1024 * 1024;

/** A name as text: as it is when it is UTF-8, else after a NUL, which no name has, in base64url. */
export function nameText(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : `\0${bytes.toString('base64url')}`;
}

export function nameBytes(text: string): Buffer {
  return text.startsWith('\0') ? Buffer.from(text.slice(1), 'base64url') : Buffer.from(text);
}

/** The entries as bytes for a file, and the hash by which they are known. */
export function packList(entries: readonly Entry[]): { compressed: Buffer; sha256: string } {
  const raw = Buffer.from(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
  const params = { [constants.ZSTD_c_compressionLevel]: 3 };
  return { compressed: zstdCompressSync(raw, { params }), sha256: createHash('sha256').update(raw).digest('hex') };
}

/** The entries in a file. @throws Error when they aren't what the hash says */
export function readList(path: string, sha256: string): Entry[] {
  const raw = zstdDecompressSync(readFileSync(path), { maxOutputLength: maxListBytes });
  if (createHash('sha256').update(raw).digest('hex') !== sha256) throw new Error('the list of files is damaged');
  const lines = raw.toString('utf8').split('\n');
  return lines.flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Entry]));
}
