/** Files that launchers get as open descriptors, so that no path of them is seen anywhere. */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { BubblewrapHost } from './bubblewrap-host.ts';
import { wallOptions } from './bubblewrap-options.ts';
import type { SandboxSpec } from './isolation.ts';
import { hasTmp } from './layout.ts';

/** Bubblewrap's options and the filter, open for reading; the options file is gone from the disk at once. */
export async function openWallFiles(
  { facts, filterFile, stateDir }: BubblewrapHost,
  spec: SandboxSpec,
  cwd?: string,
): Promise<AsyncDisposable & { fds: number[] }> {
  const ownTmp = await hasTmp(spec.sandboxDir);
  const bytes = wallOptions({ spec, facts, ownTmp, ...(cwd === undefined ? {} : { cwd }) });
  const path = join(stateDir, `options-${crypto.randomUUID()}`);
  const options = await open(path, 'wx+', 0o600);
  try {
    await rm(path, { force: true });
    // At a position, because bubblewrap reads from where this descriptor stands.
    await options.write(bytes, 0, bytes.length, 0);
    const filter = await open(filterFile, 'r');
    const close = async () => {
      await Promise.all([options.close(), filter.close()]);
    };
    return { fds: [options.fd, filter.fd], [Symbol.asyncDispose]: close };
  } catch (error) {
    await options.close();
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
