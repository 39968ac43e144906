/** Lists the regular files of a tree, within bounds. Links are neither followed nor listed. */
import type { Stats } from 'node:fs';
import { codeOf, type Folder } from './folder.ts';
import { pathLimits } from './path.ts';
import type { Skips } from './skipped.ts';

export interface FileEntry {
  /** Relative, with `/`. */
  path: string;
  /** Bytes. */
  size: number;
  /** ISO 8601, UTC. */
  modifiedAt: string;
}

export interface Listing {
  files: FileEntry[];
  /** Whether there is more than the bounds allow. */
  truncated: boolean;
}

/** Bounds of a listing: files in it, and names looked at. */
export const listLimits = { files: 20_000, names: 200_000 } as const;

/** How many names are looked at at once. */
const together = 64;

/** The files below `root`, by path. */
export async function listFiles(
  root: Folder,
  skips: Skips,
  limits: { files: number; names: number } = listLimits,
): Promise<Listing> {
  const files: FileEntry[] = [];
  let namesLeft = limits.names;
  let truncated = false;

  const visit = async (folder: Folder, prefix: string, depth: number): Promise<void> => {
    const names: string[] = [];
    const folders: string[] = [];
    for await (const entry of folder.entries()) {
      if (--namesLeft < 0) {
        truncated = true;
        break;
      }
      if (skips(entry.name)) continue;
      if (entry.isFile()) names.push(entry.name);
      else if (entry.isDirectory()) folders.push(entry.name);
    }
    for (let at = 0; at < names.length; at += together) {
      const some = names.slice(at, at + together);
      const looks = await Promise.all(some.map((name) => folder.lookAt(name)));
      for (const [index, stats] of looks.entries()) {
        if (!stats?.isFile()) continue;
        if (files.length >= limits.files) {
          truncated = true;
          return;
        }
        files.push(toEntry(`${prefix}${some[index]}`, stats));
      }
    }
    for (const name of folders) {
      if (depth >= pathLimits.parts) truncated = true;
      if (truncated) return;
      const inner = await folder.folder(name).catch(ifGone);
      if (inner === undefined) continue;
      await using open = inner;
      await visit(open, `${prefix}${name}/`, depth + 1);
    }
  };

  await visit(root, '', 1);
  files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { files, truncated };
}

export function toEntry(path: string, { size, mtimeMs }: Pick<Stats, 'size' | 'mtimeMs'>): FileEntry {
  return { path, size, modifiedAt: instant(mtimeMs) };
}

/** The agent may set a file's time to what no date can hold. */
function instant(ms: number): string {
  const bounded = Math.min(Math.max(ms, 0), 253_402_300_799_999);
  return new Date(bounded).toISOString();
}

/** A folder that went, was swapped for something else or is closed to us since its name was read. */
export function ifGone(cause: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes(codeOf(cause) ?? '')) throw cause;
}
