/** Makes a data folder from a backup: all of it is checked before anything is there under the folder's name. */
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DatabaseFile } from '../store/database-file.ts';
import { BackupFailed, type BackupManifest, contentsOf, manifestName, tar } from './archive.ts';

export interface RestoredBackup {
  dataDir: string;
  createdAt: string;
  ashVersion: string;
  sessions: number;
  files: number;
  busySessions: string[];
}

export interface RestoreProgress {
  step: 'unpack' | 'check';
}

/** @throws BackupFailed when the folder is not empty, or the archive is not whole */
export async function restoreBackup(
  { dataDir: given, file }: { dataDir: string; file: string },
  told: (progress: RestoreProgress) => void = () => {},
): Promise<RestoredBackup> {
  const dataDir = resolve(given);
  const there = await readdir(dataDir).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return [];
    throw new BackupFailed(`${dataDir} can't be read: ${cause.message}`, { cause });
  });
  if (there.length > 0) throw new BackupFailed(`${dataDir} is not empty; a backup is restored into a new folder only`);
  await mkdir(dirname(dataDir), { recursive: true });
  const making = `${dataDir}.restoring`;
  await rm(making, { recursive: true, force: true });
  try {
    await mkdir(making, { mode: 0o711 });
    told({ step: 'unpack' });
    await tar(['-xf', resolve(file), '-p', '--no-same-owner', '-C', making]);
    told({ step: 'check' });
    const manifest = await check(making, file);
    await rm(join(making, manifestName));
    // In the place of an empty folder, or of none.
    await rename(making, dataDir);
    const { createdAt, ashVersion, sessions, busySessions } = manifest;
    return { dataDir, createdAt, ashVersion, sessions, busySessions, files: Object.keys(manifest.files).length };
  } catch (cause) {
    await rm(making, { recursive: true, force: true });
    throw cause;
  }
}

async function check(folder: string, file: string): Promise<BackupManifest> {
  const manifest = await manifestIn(folder, file);
  const found = await contentsOf(folder);
  const wanted = manifest.files;
  const broken = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].filter(
    (path) => JSON.stringify(wanted[path]) !== JSON.stringify(found[path]),
  );
  if (broken.length > 0) {
    const more = broken.length > 1 ? ` and ${broken.length - 1} more` : '';
    throw new BackupFailed(`${file} is broken: ${broken[0]}${more} is missing, or not what was backed up`);
  }
  using database = new DatabaseFile(join(folder, 'ash.db'));
  const said = database.integrity();
  if (said !== 'ok') throw new BackupFailed(`the database in ${file} is broken: ${said}`);
  if (database.newerSchema() !== undefined) {
    throw new BackupFailed(`${file} was made by a newer Ash (${manifest.ashVersion}); restore it with that version`);
  }
  return manifest;
}

async function manifestIn(folder: string, file: string): Promise<BackupManifest> {
  let manifest: BackupManifest;
  try {
    manifest = JSON.parse(await readFile(join(folder, manifestName), 'utf8')) as BackupManifest;
  } catch (cause) {
    throw new BackupFailed(`${file} is no backup of Ash: it has no manifest`, { cause });
  }
  if (manifest.format === 1) return manifest;
  throw new BackupFailed(`${file} has a format that this version of Ash does not know: ${manifest.format}`);
}
