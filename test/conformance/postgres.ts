/**
 * A real PostgreSQL for a test file: Debian's binaries, a temporary cluster on a unix socket, durable as in production.
 *
 * Runs as the package's `postgres` user when the tests run as root (initdb refuses root). The server ends with the test
 * process even if that is killed. Its locale sorts unlike bytes do, so that a query that relies on the locale fails here.
 */
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, globSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A running cluster. Disposing stops it and removes its folder. */
export interface PostgresCluster extends AsyncDisposable {
  /** Makes an empty database and returns its `postgres://` URL. */
  createDatabase(): Promise<string>;
  /** Stops the server: `immediate` is the crash of a machine, `fast` cuts the connections off politely. */
  stop(mode: 'fast' | 'immediate'): Promise<void>;
  /** Starts it again after `stop`. */
  start(): Promise<void>;
}

/** Where PostgreSQL's programs are, or why there are none to use. */
export function findPostgres(): { bin: string } | { missing: string } {
  if (process.platform !== 'linux') return { missing: 'the PostgreSQL of these tests is the one of Debian' };
  const bin = globSync('/usr/lib/postgresql/*/bin')
    .filter((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
    .sort((a, b) => majorVersion(b) - majorVersion(a))[0];
  if (bin === undefined) return { missing: 'PostgreSQL is not installed (apt-get install postgresql)' };
  if (userInfo().uid === 0 && postgresUser() === undefined) return { missing: 'there is no user "postgres" to run it' };
  return { bin };
}

/** Starts a fresh cluster. Check {@link findPostgres} first. */
export async function startPostgres(): Promise<PostgresCluster> {
  const found = findPostgres();
  if ('missing' in found) throw new Error(found.missing);
  const { bin } = found;
  // Directly under /tmp: the path of a unix socket may have 107 characters only.
  const folder = mkdtempSync('/tmp/ash-postgres-');
  const user = userInfo().uid === 0 ? postgresUser() : undefined;
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
  const env = { PATH: `${bin}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8', HOME: folder };
  const options = { env, cwd: folder, ...user };
  const data = join(folder, 'data');
  let server: ChildProcess | undefined;
  let databases = 0;

  const start = async () => {
    // syncfs: a restart after a crash flushes the file system at once instead of each file of each database.
    const settings = [
      'listen_addresses=',
      'fsync=on',
      'max_connections=60',
      'recovery_init_sync_method=syncfs',
    ].flatMap((setting) => ['-c', setting]);
    const command = [join(bin, 'postgres'), '-D', data, '-k', folder, ...settings];
    const identity = user === undefined ? [] : [`--reuid=${user.uid}`, `--regid=${user.gid}`, '--clear-groups'];
    // SIGQUIT is PostgreSQL's immediate shutdown. The signal must be set after the change of user, which clears it.
    server = spawn('setpriv', [...identity, '--pdeathsig=QUIT', ...command], {
      env,
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await untilReady(server);
  };
  const stop = async (mode: 'fast' | 'immediate') => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await exited;
  };
  const dispose = async () => {
    await stop('immediate');
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const locale = ['--encoding=UTF8', '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=en-US'];
    await run(join(bin, 'initdb'), ['-D', data, '-U', 'ash', '--auth=trust', ...locale], options);
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    start,
    stop,
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      await run(join(bin, 'createdb'), ['-h', folder, '-U', 'ash', name], options);
      return `postgres://ash@localhost/${name}?host=${encodeURIComponent(folder)}`;
    },
    [Symbol.asyncDispose]: dispose,
  };
}

async function untilReady(server: ChildProcess): Promise<void> {
  if (server.stderr === null) throw new Error('the server has no stderr');
  const lines: string[] = [];
  const output = createInterface({ input: server.stderr });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`PostgreSQL did not start:\n${lines.join('\n')}`)));
    output.on('line', (line) => {
      if (lines.length < 100) lines.push(line);
      if (line.includes('database system is ready to accept connections')) resolve();
    });
  });
}

function postgresUser(): { uid: number; gid: number } | undefined {
  const id = (kind: string) => Number(execFileSync('id', [kind, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return undefined;
  }
}

function majorVersion(bin: string): number {
  return Number(/postgresql\/(\d+)/.exec(bin)?.[1] ?? 0);
}
