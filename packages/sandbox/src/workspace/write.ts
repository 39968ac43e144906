/** Writes and deletes files: under a name of its own until it is whole, then in place of what was there. */
import { isAshError } from '@ash-ai/shared';
import { fileError, forPath } from './failure.ts';
import { codeOf, type Folder, NotAFile, within } from './folder.ts';
import { innerPartsOf, partsOf } from './path.ts';
import { isUnwritable, unfinishedName } from './skipped.ts';

/** How a file is to be besides its content. */
export interface FileTraits {
  /** Kernel user (and group of the same number) that it belongs to; undefined leaves it with the server. */
  owner: number | undefined;
  /** Permissions; default those of the file whose place it takes, else 0600. Never set-user-id or set-group-id. */
  mode?: number;
  modifiedAtMs?: number;
}

const permissions = 0o777;

/** Writes a file, making its folders. A link in its place is replaced; a link on the way is refused. */
export async function writeFile(
  root: Folder,
  parts: readonly string[],
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  traits: FileTraits,
): Promise<void> {
  const { owner, modifiedAtMs } = traits;
  const name = parts.at(-1) ?? '';
  await withinMade(root, parts.slice(0, -1), owner, async (folder) => {
    const before = await folder.lookAt(name);
    if (before?.isDirectory()) throw new NotAFile(name);
    const mode = traits.mode ?? (before?.isFile() ? before.mode : 0);
    const temporary = unfinishedName();
    await using file = await folder.newFile(temporary);
    try {
      for await (const chunk of content) await file.writeFile(chunk);
      if (owner !== undefined) await file.chown(owner, owner);
      await file.chmod((mode & permissions) | 0o600);
      if (modifiedAtMs !== undefined) await file.utimes(modifiedAtMs / 1000, modifiedAtMs / 1000);
      await folder.rename(temporary, name);
    } catch (cause) {
      await folder.unlink(temporary).catch(() => undefined);
      throw cause;
    }
  });
}

/** Makes a folder and those above it. */
export async function makeFolder(root: Folder, parts: readonly string[], owner: number | undefined): Promise<void> {
  await withinMade(root, parts, owner, async () => undefined);
}

/** Makes a link in place of a file or a link. */
export async function makeLink(
  root: Folder,
  parts: readonly string[],
  target: string,
  owner: number | undefined,
): Promise<void> {
  const name = parts.at(-1) ?? '';
  await withinMade(root, parts.slice(0, -1), owner, async (folder) => {
    const temporary = unfinishedName();
    await folder.makeLink(temporary, target);
    try {
      if (owner !== undefined) await folder.giveLink(temporary, owner);
      await folder.rename(temporary, name);
    } catch (cause) {
      await folder.unlink(temporary).catch(() => undefined);
      throw cause;
    }
  });
}

export interface WriteResult {
  path: string;
  written: boolean;
  /** Bytes, when it was written. */
  size?: number;
  /** Why it wasn't. */
  error?: string;
}

/** Writes files one by one below `target`; one that fails doesn't stop the others. @throws file_path_invalid for `target` */
export async function writeFiles(
  root: Folder,
  target: string,
  files: readonly { path: string; content: Uint8Array }[],
  owner: number | undefined,
): Promise<WriteResult[]> {
  const base = innerPartsOf(target);
  const results: WriteResult[] = [];
  for (const { path, content } of files) {
    try {
      const parts = partsOf(path);
      if (isUnwritable(parts.at(-1) ?? '')) throw new NotAFile(path);
      await writeFile(root, [...base, ...parts], [content], { owner });
      results.push({ path, written: true, size: content.length });
    } catch (cause) {
      const error = fileError(cause, path);
      const text = isAshError(error) ? error.message : `it could not be written (${codeOf(cause) ?? 'unknown'})`;
      results.push({ path, written: false, error: text });
    }
  }
  return results;
}

/** Deletes a regular file. @throws file_path_invalid, file_not_found, not_a_file, file_access_denied */
export async function deleteFile(root: Folder, path: string): Promise<void> {
  const parts = partsOf(path);
  const name = parts.pop() ?? '';
  await forPath(path, () =>
    within(root, parts, async (folder) => {
      const found = await folder.lookAt(name);
      if (found !== undefined && !found.isFile()) throw new NotAFile(name);
      await folder.unlink(name);
    }),
  );
}

async function withinMade<T>(
  root: Folder,
  parts: readonly string[],
  owner: number | undefined,
  work: (folder: Folder) => Promise<T>,
): Promise<T> {
  return await within(root, parts, work, (folder, name) => folder.madeFolder(name, owner));
}
