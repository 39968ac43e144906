/** Files that launchers get as open descriptors, so that no path of them is seen anywhere. */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Opens all for reading, in this order; what is open is closed again when one fails. */
export async function openReadable(
  sources: readonly (string | (() => Promise<FileHandle>))[],
): Promise<AsyncDisposable & { fds: number[] }> {
  await using opening = new AsyncDisposableStack();
  const fds: number[] = [];
  for (const source of sources) {
    const file = opening.use(typeof source === 'string' ? await open(source, 'r') : await source());
    fds.push(file.fd);
  }
  const opened = opening.move();
  return { fds, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** A file with these bytes, open at its beginning, that has no name any more. */
export async function openNameless(stateDir: string, bytes: Buffer): Promise<FileHandle> {
  const path = join(stateDir, `options-${crypto.randomUUID()}`);
  const file = await open(path, 'wx+', 0o600);
  try {
    await rm(path, { force: true });
    // At a position, because it is read from where this descriptor stands.
    await file.write(bytes, 0, bytes.length, 0);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** The folder is the bridge's own: what lies there in the log's place is neither followed nor waited for. */
export async function openLog(path: string, uid: number | undefined): Promise<FileHandle> {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  const file = await open(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  if (uid !== undefined) await file.chown(uid, uid);
  return file;
}
