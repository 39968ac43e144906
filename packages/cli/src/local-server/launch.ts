/** Starts a server in the background, that outlives the command or ends with it, and waits until it serves. */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { leaving } from '../detach.ts';
import { Failure } from '../failure.ts';
import { waiting } from '../output/waiting.ts';
import { stayAttached } from './attached.ts';
import { readTail } from './log-tail.ts';
import { readRecord, type ServerRecord } from './record.ts';

/** How long a server may take to serve, in ms. A start after a crash may have sessions to pick up. */
const longestStartMs = 60_000;
/** A larger log is put aside at the next start, as `server.log.1`. */
const longestLogBytes = 32 * 1024 * 1024;

/** Where a server in the background logs. */
export function logPath(dataDir: string): string {
  return join(dataDir, 'server.log');
}

/**
 * Starts `ash start --foreground` detached, with `env` as its environment, so that no key stands on a command line.
 *
 * @param how `attached`: the server ends when this process does, however that happens
 * @throws Failure with the end of the log when the server ends before it serves, or takes longer than a minute
 */
export async function launch(
  env: Record<string, string | undefined>,
  dataDir: string,
  context: Context,
  how: { attached?: boolean } = {},
): Promise<ServerRecord> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const log = openLog(logPath(dataDir));
  const program = process.argv[1];
  if (program === undefined) throw new Failure('The program can not find itself');
  const child = spawn(process.execPath, [...process.execArgv, program, 'start', '--foreground'], {
    detached: true,
    env,
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  try {
    const ended = await waiting(context, 'Starting the server', readyOrEnded(child));
    const record = readRecord(dataDir);
    if (ended === undefined && record !== undefined) {
      if (how.attached) child.send(stayAttached);
      return record;
    }
    const tail = readTail(logPath(dataDir), 10).trimEnd();
    if (tail !== '') context.terminal.fail(tail);
    throw new Failure(`the server ${ended ?? 'left no record'}. The end of its log (${logPath(dataDir)}) is above.`);
  } finally {
    if (!how.attached && child.connected) child.disconnect();
    child.channel?.unref();
    child.unref();
  }
}

/** Undefined once the server says that it serves; else how it ended. */
async function readyOrEnded(child: ChildProcess): Promise<string | undefined> {
  // Whoever gives up waiting wants no server that nobody knows of.
  using left = leaving();
  left.signal.addEventListener('abort', () => child.kill('SIGINT'));
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => {
    child.kill('SIGINT');
    resolve(`did not serve within ${longestStartMs / 1000} s`);
  }, longestStartMs);
  child.once('message', () => resolve(undefined));
  child.once('error', (error) => resolve(`could not be started: ${error.message}`));
  child.once('exit', (code, signal) => resolve(`ended with ${signal ?? `code ${code}`}`));
  return await promise.finally(() => clearTimeout(timer));
}

function openLog(path: string): number {
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes > longestLogBytes) renameSync(path, `${path}.1`);
  return openSync(path, 'a', 0o600);
}
