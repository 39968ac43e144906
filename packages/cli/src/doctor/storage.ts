/** The data folder: writable, with room. */
import { access, constants, mkdtemp, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { sizeOf } from '../output/words.ts';
import { type Check, checksOf, type Given } from './check.ts';

const { ok, note, warning, error } = checksOf('storage');
const mib = 1024 ** 2;

export async function checkSpace({ dataDir }: Given): Promise<Check[]> {
  const there = await stat(dataDir).catch(() => undefined);
  const folder = await nearestFolder(dataDir);
  const checks: Check[] = [];
  const writable = await access(folder, constants.W_OK).then(
    () => true,
    () => false,
  );
  if (!writable)
    checks.push(error('data folder', `${folder} is not writable`, 'Give it to this user, or take another: --data-dir'));
  else if (there === undefined) checks.push(note('data folder', `${dataDir} is made by the first start`));
  else checks.push(ok('data folder', dataDir));

  const { bavail, bsize, ffree, files } = await statfs(folder);
  const free = bavail * bsize;
  const room = `${sizeOf(free)} free`;
  const fix = 'Make room, or move the data folder: at the end nothing can be stored.';
  checks.push(
    free < 200 * mib ? error('space', room, fix) : free < 2048 * mib ? warning('space', room, fix) : ok('space', room),
  );
  // File systems that count no files say 0.
  if (files > 0 && ffree < files / 50) checks.push(warning('number of files', `${ffree} of ${files} left`, fix));
  return checks;
}

/** An empty folder on the file system of the data folder; gone when disposed. */
export async function scratchFolder(dataDir: string): Promise<{ path: string } & AsyncDisposable> {
  const near = join(await nearestFolder(dataDir), '.ash-doctor-');
  const path = await mkdtemp(near).catch(() => mkdtemp(join(tmpdir(), 'ash-doctor-')));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  return found?.isDirectory() || path === dirname(path) ? path : nearestFolder(dirname(path));
}
