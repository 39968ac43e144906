/** A server as a process of its own: started with an environment, and heard. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ownProgram = fileURLToPath(new URL('./fixture-server.ts', import.meta.url));

/** Joins the control groups before `--`, then becomes the command after it. */
const joinThenRun = 'until [ "$1" = -- ]; do echo $$ > "$1/cgroup.procs"; shift; done; shift; exec "$@"';

export interface LogLine {
  level: number;
  msg: string;
  [field: string]: unknown;
}

/** A server process, and what it says. */
export interface ServerProcess {
  readonly child: ChildProcess;
  readonly log: LogLine[];
  readonly stderr: () => string;
  /** Its address once it answers; undefined when it ended before. */
  readonly ready: Promise<string | undefined>;
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

/**
 * Starts a server with exactly this environment.
 * @param groups control groups that it joins first
 * @param program what is run, in place of this checkout's server
 */
export function spawnServer(
  env: Readonly<Record<string, string>>,
  groups: readonly string[] = [],
  program = ownProgram,
): ServerProcess {
  const command = [process.execPath, '--conditions=@ash-ai/source', program];
  // A test process that is killed takes its servers along; their sandboxes end by themselves when nobody comes for them.
  const args = ['--pdeathsig=KILL', '/bin/sh', '-c', joinThenRun, 'sh', ...groups, '--', ...command];
  const child = spawn('setpriv', args, {
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  let errorText = '';
  const ready = Promise.withResolvers<string | undefined>();
  if (child.stdout === null || child.stderr === null) throw new Error('the server has no output');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as LogLine & { readyAt?: string };
    if (said.readyAt === undefined) log.push(said);
    else ready.resolve(said.readyAt);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errorText += chunk.toString('utf8');
  });
  const exited = once(child, 'close').then(([code, signal]) => {
    ready.resolve(undefined);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  return { child, log, stderr: () => errorText, ready: ready.promise, exited };
}
