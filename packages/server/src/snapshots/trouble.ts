/** Looks at a data folder and tells what is wrong with it. Reads only, beside a running server or without one. */
import { lstat, readdir, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isSpare, troubleOfSnapshots } from '@ash-ai/sandbox';
import { isId } from '@ash-ai/shared';
import { AgentFolders } from '../agents/folders.ts';
import { DatabaseFile, type SessionLine } from '../store/database-file.ts';

export interface Trouble {
  /** Stable, for programs. */
  code: string;
  /** `error`: something is lost or will fail. `warning`: it works, but look at it. `note`: it may be removed. */
  severity: 'error' | 'warning' | 'note';
  /** What was found, in a sentence. */
  what: string;
  /** What to do, in a sentence. */
  suggestion: string;
  sessionId?: string;
  path?: string;
}

/** Less than this share of the disk, or this many bytes, is little. */
const little = { share: 0.05, bytes: 2 * 1024 ** 3 };

/** @param given.thorough reads every snapshot whole; slow */
export async function findTrouble(given: {
  dataDir: string;
  databaseUrl?: string | undefined;
  thorough?: boolean;
}): Promise<Trouble[]> {
  const { dataDir, databaseUrl, thorough = false } = given;
  const there = await readdir(dataDir).catch(() => undefined);
  if (there === undefined) {
    const suggestion = 'Name the right one with --data-dir or ASH_DATA_DIR; "ash start" makes one.';
    return [
      { code: 'data_dir_missing', severity: 'error', what: `${dataDir} can't be read`, suggestion, path: dataDir },
    ];
  }
  const found = await diskTrouble(dataDir);
  found.push(...leftovers(dataDir, there));
  const sandboxes = (await readdir(join(dataDir, 'sandboxes')).catch(() => [])).filter(isId);
  found.push(...(await uidDoubles(dataDir, sandboxes)));
  if (databaseUrl !== undefined) return found;
  const sessions = databaseTrouble(join(dataDir, 'ash.db'), found);
  if (sessions === undefined) return found;
  if (!there.includes('seal-key') && sessions.length > 0) {
    const suggestion = 'Bring the file back from a backup, or set ASH_CREDENTIAL_KEY to the secret that was used.';
    const what = 'The key that seals secrets is missing: what sessions were given in confidence can not be read';
    found.push({ code: 'seal_key_missing', severity: 'warning', what, suggestion, path: join(dataDir, 'seal-key') });
  }
  return [...found, ...(await sessionTrouble(dataDir, sessions, { sandboxes, thorough }))];
}

async function diskTrouble(dataDir: string): Promise<Trouble[]> {
  const { bavail, blocks, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free > little.bytes || bavail > blocks * little.share) return [];
  const what = `Only ${Math.floor(free / 1024 ** 2)} MiB are free on the disk of ${dataDir}`;
  const suggestion =
    'Make room: messages are refused when it is full. Shorter retention (ASH_SNAPSHOT_KEEP) helps too.';
  return [{ code: 'disk_nearly_full', severity: free < 256 * 1024 ** 2 ? 'error' : 'warning', what, suggestion }];
}

function leftovers(dataDir: string, names: readonly string[]): Trouble[] {
  return names
    .filter((name) => /\.(restoring|trial-\d+(-wal|-shm)?)$/.test(name))
    .map((name) => ({
      ...{ code: 'leftover', severity: 'note' as const, path: join(dataDir, name) },
      what: `${name} was left by something that was cut off`,
      suggestion: 'Remove it while no server starts.',
    }));
}

/** The sessions of the database; undefined when it can't be read. */
function databaseTrouble(file: string, found: Trouble[]): SessionLine[] | undefined {
  const tell = (code: string, what: string, suggestion: string) =>
    void found.push({ code, severity: 'error', what, suggestion, path: file });
  try {
    using database = new DatabaseFile(file);
    const said = database.integrity();
    if (said !== 'ok') tell('database_broken', `The database is broken: ${said}`, 'Restore a backup ("ash restore").');
    const newer = database.newerSchema();
    if (newer !== undefined) {
      tell('schema_too_new', `A newer Ash wrote the database (schema ${newer})`, 'Start the newer version of Ash.');
      return undefined;
    }
    return database.sessions();
  } catch (cause) {
    const missing = cause instanceof Error && cause.message.includes('unable to open');
    const suggestion = missing ? '"ash start" makes it; else restore a backup.' : 'Restore a backup ("ash restore").';
    const what = `The database can't be read: ${cause instanceof Error ? cause.message : String(cause)}`;
    tell(missing ? 'database_missing' : 'database_broken', what, suggestion);
    return undefined;
  }
}

async function sessionTrouble(
  dataDir: string,
  sessions: readonly SessionLine[],
  { sandboxes, thorough }: { sandboxes: readonly string[]; thorough: boolean },
): Promise<Trouble[]> {
  const found: Trouble[] = [];
  const folders = new AgentFolders(dataDir);
  const ids = new Set(sessions.map(({ id }) => id));
  for (const session of sessions) {
    const { id: sessionId, tenantId, hash } = session;
    const agentDir = folders.path(tenantId, hash);
    const problems = await troubleOfSnapshots(dataDir, { sessionId, agentDir, thorough });
    for (const problem of problems) {
      // What has ended is dropped one day, and what never ran has lost nothing.
      if (problem.code === 'workspace_missing' && (session.status === 'ended' || session.runtimeStarted === 0))
        continue;
      found.push({ ...problem, sessionId });
    }
    if ((await lstat(agentDir).catch(() => undefined)) === undefined && session.status !== 'ended') {
      const suggestion = 'Bring the folder back from a backup.';
      const what = `The agent version of session ${sessionId} is missing`;
      found.push({ code: 'agent_version_missing', severity: 'error', what, suggestion, sessionId, path: agentDir });
    }
  }
  const stray = (code: string, folder: string, sessionId: string): Trouble => ({
    ...{ code, severity: 'note', sessionId, path: join(dataDir, folder, sessionId) },
    what: `${join(folder, sessionId)} belongs to no session of the database`,
    suggestion: 'If the database is the right one it may be removed.',
  });
  for (const id of sandboxes) {
    // A spare is no session's yet.
    if (ids.has(id) || (await isSpare(join(dataDir, 'sandboxes', id)))) continue;
    found.push(stray('sandbox_stray', 'sandboxes', id));
  }
  const stored = (await readdir(join(dataDir, 'snapshots')).catch(() => [])).filter(isId);
  for (const id of stored) if (!ids.has(id)) found.push(stray('snapshot_stray', 'snapshots', id));
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  for (const id of sandboxes) {
    const path = join(dataDir, 'sandboxes', id, 'disk');
    const awake = (await lstat(join(dataDir, 'sandboxes', id, 'sandbox.json')).catch(() => undefined)) !== undefined;
    if (awake || !mounts.includes(` ${path} `)) continue;
    const suggestion = `If no server runs: umount ${path}. A server does that by itself when it starts.`;
    const what = `The disk of session ${id} is mounted although the session sleeps`;
    found.push({ code: 'mount_left', severity: 'note', what, suggestion, sessionId: id, path });
  }
  return found;
}

/** Two sandboxes of one kernel user would reach each other's files. */
async function uidDoubles(dataDir: string, sandboxes: readonly string[]): Promise<Trouble[]> {
  const owners = new Map<number, string>();
  const found: Trouble[] = [];
  for (const sessionId of sandboxes) {
    const stats = await lstat(join(dataDir, 'sandboxes', sessionId, 'bridge')).catch(() => undefined);
    if (stats === undefined || stats.uid === process.getuid?.()) continue;
    const other = owners.get(stats.uid);
    owners.set(stats.uid, sessionId);
    if (other === undefined) continue;
    const suggestion = 'End one of the two sessions, and report this: it must not happen.';
    const what = `Sessions ${other} and ${sessionId} have one kernel user (${stats.uid})`;
    found.push({ code: 'uid_double', severity: 'error', what, suggestion, sessionId });
  }
  return found;
}
