/** Runs the real program in a home of its own. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const bin = join(import.meta.dirname, '..', 'bin', 'ash.js');

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Home extends AsyncDisposable {
  /** The user's home folder. */
  folder: string;
  /** Starts `ash` with these arguments; `env` goes over a bare environment. */
  spawn(args: string[], env?: Record<string, string>): ChildProcessWithoutNullStreams;
  /** Runs `ash` to its end. */
  ash(args: string[], options?: { env?: Record<string, string>; stdin?: string }): Promise<Ended>;
}

export async function makeHome(settings: Record<string, string> = {}): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-cli-'));
  const start = (args: string[], env: Record<string, string> = {}) =>
    spawn(process.execPath, [bin, ...args], {
      env: { PATH: process.env.PATH ?? '', HOME: folder, ...settings, ...env },
      cwd: folder,
    });
  return {
    folder,
    spawn: start,
    ash: async (args, { env = {}, stdin = '' } = {}) => {
      const child = start(args, env);
      child.stdin.end(stdin);
      return ended(child);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Everything that a program writes, and its exit code. */
export async function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const code = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await code, stdout, stderr };
}
