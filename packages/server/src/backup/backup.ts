/**
 * Backs up a data folder with the embedded database, whether a server runs on it or not. First the database is copied, then
 * snapshots are taken of the sessions that it names: files are never older than what the log says was done to them,
 * unless a session is at work all the time.
 */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { snapshotFilesOf, takeSnapshotsOffline } from '@ash-ai/sandbox';
import { type AshError, isAshError } from '@ash-ai/shared';
import { AgentFolders } from '../agents/folders.ts';
import { DataDirInUse, lockDataDir } from '../data-dir-lock.ts';
import { DatabaseFile, type SessionLine } from '../store/database-file.ts';
import { version } from '../version.ts';
import { BackupFailed, type BackupManifest, contentsOf, manifestName, tar } from './archive.ts';
import { askControl } from './control.ts';

const run = promisify(execFile);

export interface BackupProgress {
  step: 'database' | 'snapshots' | 'files' | 'archive';
  done?: number;
  of?: number;
}

export interface BackedUp {
  file: string;
  bytes: number;
  sessions: number;
  files: number;
  /** Sessions that were at work; their files are those of their newest snapshot. */
  busySessions: string[];
  /** Sessions that have had a turn, and of which there is no snapshot. */
  withoutFiles: string[];
}

/** @throws BackupFailed */
export async function backUp(
  { dataDir, file: given }: { dataDir: string; file: string },
  told: (progress: BackupProgress) => void = () => {},
): Promise<BackedUp> {
  const file = resolve(given);
  const staging = join(dataDir, 'tmp', `backup-${randomUUID()}`);
  await mkdir(join(staging, 'snapshots'), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
    throw new BackupFailed(`${dataDir} can't be written`, { cause });
  });
  try {
    told({ step: 'database' });
    const sessions = copyDatabase(join(dataDir, 'ash.db'), join(staging, 'ash.db'));
    const missed = await takeSnapshots(dataDir, sessions, told);
    told({ step: 'files' });
    const withoutFiles: string[] = [];
    for (const { id, runtimeStarted } of sessions) {
      const linked = await linkSnapshot(dataDir, staging, id);
      if (!linked && runtimeStarted === 1) withoutFiles.push(id);
    }
    await linkTrees(dataDir, staging);
    const files = await contentsOf(staging);
    const manifest: BackupManifest = {
      ...{ format: 1, ashVersion: version, createdAt: new Date().toISOString() },
      ...{ sessions: sessions.length, busySessions: missed, files },
    };
    await writeFile(join(staging, manifestName), JSON.stringify(manifest), { mode: 0o600 });
    told({ step: 'archive' });
    const bytes = await writeArchive(staging, file);
    const count = Object.keys(files).length;
    return { file, bytes, sessions: sessions.length, files: count, busySessions: missed, withoutFiles };
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
}

function copyDatabase(from: string, to: string): SessionLine[] {
  let database: DatabaseFile;
  try {
    database = new DatabaseFile(from);
  } catch (cause) {
    const hint = 'with PostgreSQL, use pg_dump, and copy the data folder';
    throw new BackupFailed(`there is no embedded database at ${from} (${hint})`, { cause });
  }
  using reading = database;
  reading.copyTo(to);
  using copied = new DatabaseFile(to);
  return copied.sessions();
}

async function takeSnapshots(
  dataDir: string,
  sessions: readonly SessionLine[],
  told: (progress: BackupProgress) => void,
): Promise<string[]> {
  let done = 0;
  const tell = () => {
    done += 1;
    told({ step: 'snapshots', done, of: sessions.length });
  };
  const sessionIds = sessions.map(({ id }) => id);
  const asked = await askControl(dataDir, { ask: 'snapshots', sessionIds }, tell);
  if (asked !== undefined) return asked.missed;
  // No server: nobody may start one meanwhile.
  let lock: AsyncDisposable;
  try {
    lock = await lockDataDir(dataDir);
  } catch (cause) {
    if (!(cause instanceof DataDirInUse)) throw cause;
    throw new BackupFailed('the server of this data folder does not answer on its control socket', { cause });
  }
  await using _lock = lock;
  const problems: AshError[] = [];
  const folders = new AgentFolders(dataDir);
  const offline = sessions.map(({ id, tenantId, lastSeq: seq, hash }) => ({
    ...{ sessionId: id, seq, agentDir: folders.path(tenantId, hash) },
  }));
  const missed = await takeSnapshotsOffline(dataDir, offline, (_, problem) => {
    if (isAshError(problem)) problems.push(problem);
    tell();
  });
  const [first] = problems;
  if (first?.code === 'storage_full') throw new BackupFailed(first.message, { cause: first });
  return missed;
}

/** Links, because what is linked stays as it is, whatever is tidied up meanwhile. None of these files is ever changed. */
async function linkSnapshot(dataDir: string, staging: string, sessionId: string): Promise<boolean> {
  const names = await snapshotFilesOf(join(dataDir, 'snapshots'), sessionId);
  if (names === undefined) return false;
  const [from, to] = [join(dataDir, 'snapshots', sessionId), join(staging, 'snapshots', sessionId)];
  await mkdir(to, { mode: 0o700 });
  for (const name of names) await link(join(from, name), join(to, name));
  return true;
}

async function linkTrees(dataDir: string, staging: string): Promise<void> {
  const there = await readdir(dataDir);
  for (const name of ['agent-versions', 'attachments']) {
    if (there.includes(name)) await run('cp', ['-al', '--', join(dataDir, name), join(staging, name)]);
  }
  if (there.includes('seal-key')) await copyFile(join(dataDir, 'seal-key'), join(staging, 'seal-key'));
}

async function writeArchive(staging: string, file: string): Promise<number> {
  const draft = `${file}.new`;
  try {
    // Made by us, so that nobody else may ever read it.
    await rm(draft, { force: true });
    await (await open(draft, 'wx', 0o600)).close();
    const content = (await readdir(staging)).filter((name) => name !== manifestName).sort();
    await tar(['-cf', draft, '--numeric-owner', '-C', staging, '--', manifestName, ...content]);
    const handle = await open(draft, 'r+');
    await handle.sync();
    const { size } = await handle.stat();
    await handle.close();
    await rename(draft, file);
    return size;
  } catch (cause) {
    await rm(draft, { force: true });
    if (cause instanceof BackupFailed) throw cause;
    throw new BackupFailed(`${dirname(file)} can't be written`, { cause });
  }
}
