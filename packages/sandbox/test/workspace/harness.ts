/** What the workspace tests share: a workspace beside a folder with a secret that nothing may ever reach. */
import { chmod, chown, lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { Folder } from '../../src/workspace/folder.ts';

export const isRoot = process.getuid?.() === 0;
/** A kernel user that is nobody else's. */
export const owner = isRoot ? 290_000 + (process.pid % 5000) : undefined;
export const secret = 'host secret';

export interface Place {
  /** The host's path of the workspace. */
  path: string;
  /** Outside of it and closed to all but the server, with the file `secret`. */
  outside: string;
  root: Folder;
}

/** The test fails when anything outside has changed, or a descriptor is left open. */
export async function place(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-files-'));
  const path = join(dir, 'workspace');
  const outside = join(dir, 'outside');
  await mkdir(path, { mode: 0o700 });
  await mkdir(outside, { mode: 0o700 });
  await writeFile(join(outside, 'secret'), secret);
  await chmod(dir, 0o711);
  if (owner !== undefined) await chown(path, owner, owner);
  const before = await openFiles();
  const root = await Folder.open(path);
  onTestFinished(async () => {
    await root[Symbol.asyncDispose]();
    expect(await openFiles()).toEqual(before);
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe(secret);
    expect((await lstat(join(outside, 'secret'))).uid).toBe(process.getuid?.());
    await rm(dir, { recursive: true, force: true });
  });
  return { path, outside, root };
}

async function openFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

export async function rejection(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  return error instanceof Error && 'code' in error ? String(error.code) : `not coded: ${String(error)}`;
}
