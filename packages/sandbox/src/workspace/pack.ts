/** Makes a bundle of a workspace: a tar.gz that {@link unpack} takes back as it is. */

import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errors } from '@ash-ai/shared';
import { codeOf, type Folder, NotAFile } from './folder.ts';
import { ifGone } from './list.ts';
import { linkStaysInside, pathLimits } from './path.ts';
import { bytesOf } from './read.ts';
import { bundleSkips } from './skipped.ts';
import { formatHeader, padding } from './tar-header.ts';

/** Bounds of a bundle: bytes compressed, bytes of all files in it, entries. */
export const bundleLimits = {
  bytes: 100 * 1024 * 1024,
  contentBytes: 1024 * 1024 * 1024,
  entries: 50_000,
} as const;
export type BundleLimits = { [K in keyof typeof bundleLimits]: number };

/**
 * Writes the bundle of `root` into a file and answers its size. Files that change meanwhile come as they are found,
 * of the length that they had; links that lead outside are left out.
 * @throws bundle_too_large
 */
export async function pack(root: Folder, into: FileHandle, limits: BundleLimits = bundleLimits): Promise<number> {
  let size = 0;
  // Not by a write stream: the handle could never be closed while one holds it.
  const write = async (compressed: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of compressed) {
      size += chunk.length;
      if (size > limits.bytes) throw errors.bundle_too_large({ reason: `more than ${limits.bytes} bytes compressed` });
      await into.writeFile(chunk);
    }
  };
  await pipeline(Readable.from(archive(root, limits), { objectMode: false }), createGzip({ level: 5 }), write);
  return size;
}

async function* archive(root: Folder, limits: BundleLimits): AsyncGenerator<Uint8Array, void, undefined> {
  let entries = 0;
  let contentBytes = 0;

  async function* visit(folder: Folder, prefix: string[]): AsyncGenerator<Uint8Array, void, undefined> {
    const found = await Array.fromAsync(folder.entries());
    found.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of found) {
      const { name } = entry;
      if (bundleSkips(name)) continue;
      if (++entries > limits.entries) throw errors.bundle_too_large({ reason: `more than ${limits.entries} entries` });
      const parts = [...prefix, name];
      if (entry.isDirectory()) {
        if (parts.length > pathLimits.parts) throw errors.bundle_too_large({ reason: 'folders nested too deep' });
        const inner = await folder.folder(name).catch(ifGone);
        if (inner === undefined) continue;
        await using open = inner;
        yield headerOf(`${parts.join('/')}/`, '5', 0o755, 0, 0);
        yield* visit(open, parts);
      } else if (entry.isFile()) yield* fileEntry(folder, name, parts);
      else if (entry.isSymbolicLink()) {
        const target = await folder.readLink(name).catch(ifNoLink);
        if (target === undefined || !linkStaysInside(parts, target)) continue;
        yield headerOf(parts.join('/'), '2', 0o777, 0, 0, target);
      }
    }
  }

  async function* fileEntry(folder: Folder, name: string, parts: string[]) {
    const opened = await folder
      .file(name)
      .catch((cause: unknown) => (cause instanceof NotAFile ? undefined : ifGone(cause)));
    if (opened === undefined) return;
    const { handle, stats } = opened;
    let left = stats.size;
    const content = bytesOf(handle, left).getReader();
    try {
      contentBytes += left;
      if (contentBytes > limits.contentBytes) {
        throw errors.bundle_too_large({ reason: `more than ${limits.contentBytes} bytes of files` });
      }
      yield headerOf(parts.join('/'), '0', stats.mode & 0o777, left, stats.mtimeMs);
      while (left > 0) {
        const { value } = await content.read().catch(() => ({ value: undefined }));
        // A file that became shorter is filled up with zeros: its length has been told already.
        const part = value ?? Buffer.alloc(Math.min(left, 65_536));
        left -= part.length;
        yield part;
      }
      yield padding(stats.size);
    } finally {
      await content.cancel().catch(() => undefined);
    }
  }

  yield* visit(root, []);
  yield Buffer.alloc(1024);
}

function headerOf(path: string, type: string, mode: number, size: number, modifiedAtMs: number, target = ''): Buffer {
  return formatHeader({ path, type, mode, size, modifiedAtMs, target });
}

function ifNoLink(cause: unknown): undefined {
  if (!['ENOENT', 'EINVAL', 'EACCES'].includes(codeOf(cause) ?? '')) throw cause;
}
