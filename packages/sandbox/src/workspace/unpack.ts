/** Takes a bundle into a workspace: the whole of it is checked before anything of it is written. */
import { createGunzip } from 'node:zlib';
import { type AshError, errors, isAshError } from '@ash-ai/shared';
import { fileError } from './failure.ts';
import { codeOf, type Folder } from './folder.ts';
import { type BundleLimits, bundleLimits } from './pack.ts';
import { innerPartsOf, linkStaysInside, shortened } from './path.ts';
import { isUnwritable } from './skipped.ts';
import { MalformedTar } from './tar-header.ts';
import { readTar, type TarEntry } from './tar-reader.ts';
import { makeFolder, makeLink, writeFile } from './write.ts';

/**
 * Writes the files, folders and links of a tar.gz into `root`; what it doesn't name stays. Nobody's privileges are in the
 * archive: owners and set-user-id bits are dropped.
 * @throws bundle_invalid when it is no tar.gz, is too large, or holds an entry that leaves the folder, a hard link or a
 * device (then nothing was written); or when something that is there stands in an entry's way
 */
export async function unpack(
  root: Folder,
  bundle: Uint8Array,
  owner: number | undefined,
  limits: BundleLimits = bundleLimits,
): Promise<void> {
  if (bundle.length > limits.bytes) throw invalid(`it is larger than ${limits.bytes} bytes`);
  await check(bundle, limits);
  await eachEntry(bundle, limits, async (entry, parts) => {
    const { content, modifiedAtMs } = entry;
    const mode = entry.mode & 0o777;
    try {
      if (entry.type === '5') await makeFolder(root, parts, owner);
      else if (entry.type === '2') await makeLink(root, parts, entry.target, owner);
      else await writeFile(root, parts, content, { owner, mode, modifiedAtMs: Math.min(modifiedAtMs, 4e12) });
    } catch (cause) {
      const error = fileError(cause, entry.path);
      if (isAshError(error) && error.code !== 'workspace_full' && error.code !== 'bundle_invalid') {
        throw invalid(`${named(entry)} is in the way of something, or leads through a link`, cause);
      }
      throw error;
    }
  });
}

async function check(bundle: Uint8Array, limits: BundleLimits): Promise<void> {
  const links = new Set<string>();
  const folders = new Set<string>();
  await eachEntry(bundle, limits, async (entry, parts) => {
    const path = parts.join('/');
    const above = parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
    for (const folder of above) folders.add(folder);
    if (entry.type === '5') folders.add(path);
    if (entry.type === '2') {
      if (!linkStaysInside(parts, entry.target)) throw invalid(`${named(entry)} is a link that leads outside`);
      links.add(path);
    }
    if ([...above, path].some((one) => links.has(one) && folders.has(one)) || above.some((one) => links.has(one))) {
      throw invalid(`${named(entry)} leads through a link`);
    }
    for await (const _ of entry.content);
  });
}

async function eachEntry(
  bundle: Uint8Array,
  limits: BundleLimits,
  visit: (entry: TarEntry, parts: string[]) => Promise<void>,
): Promise<void> {
  let entries = 0;
  let contentBytes = 0;
  try {
    for await (const entry of readTar(unzipped(bundle, limits))) {
      if (++entries > limits.entries) throw invalid(`it has more than ${limits.entries} entries`);
      contentBytes += entry.size;
      if (contentBytes > limits.contentBytes) throw invalid(`its files are larger than ${limits.contentBytes} bytes`);
      if (!'0752'.includes(entry.type)) throw invalid(`${named(entry)} is no file, folder or symbolic link`);
      const parts = partsIn(entry);
      if (parts.length === 0 && entry.type !== '5') throw invalid(`${named(entry)} is not a folder`);
      if (parts.length > 0 && !isUnwritable(parts.at(-1) ?? '')) await visit(entry, parts);
    }
  } catch (cause) {
    if (cause instanceof MalformedTar) throw invalid(cause.message, cause);
    if (codeOf(cause)?.startsWith('Z_')) throw invalid('it is not a tar.gz', cause);
    throw cause;
  }
}

/** Its bytes; no more of them than the largest bundle that we would make, headers included. */
async function* unzipped(bundle: Uint8Array, limits: BundleLimits): AsyncGenerator<Uint8Array, void, undefined> {
  let left = limits.contentBytes + limits.entries * 4096;
  const unzip = createGunzip();
  unzip.end(bundle);
  for await (const chunk of unzip as AsyncIterable<Buffer>) {
    left -= chunk.length;
    if (left < 0) throw invalid(`it is larger than ${limits.contentBytes} bytes when unpacked`);
    yield chunk;
  }
}

/** A folder's name may end with a slash, and `./` stands for the whole. */
function partsIn(entry: TarEntry): string[] {
  const path = entry.type === '5' ? entry.path.replace(/\/+$/, '') : entry.path;
  try {
    return path === '' && entry.path.startsWith('./') ? [] : innerPartsOf(path);
  } catch (cause) {
    throw invalid(`${named(entry)} is not a path within the workspace`, cause);
  }
}

function named({ path }: TarEntry): string {
  return `the entry ${JSON.stringify(shortened(path).toWellFormed())}`;
}

function invalid(reason: string, cause?: unknown): AshError {
  return errors.bundle_invalid({ reason }, cause === undefined ? {} : { cause });
}
