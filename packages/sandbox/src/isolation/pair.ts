/** Spawns the two processes of a sandbox, detached, and leaves them joined with each other and with nobody else. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable, Stream } from 'node:stream';
import { text } from 'node:stream/consumers';
import { bridgeChannels, wallChannels } from './channels.ts';
import { IsolationError, type ProcessIdentity } from './isolation.ts';
import { identify } from './proc.ts';

export interface Command {
  file: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  cwd?: string;
}

export interface PairSpec {
  /** `files` follow the channels, from descriptor 7. */
  wall: Command & { files: readonly number[] };
  /** `announces`: it goes through a launcher, which says `ok` on the ready channel. */
  bridge: Command & { log: number; announces: boolean };
  /** See `LaunchSpec`. */
  command?: Promise<string | undefined> | undefined;
}

export interface Pair {
  wall: ProcessIdentity;
  bridge: ProcessIdentity;
}

const channelCount = 6;

function started(child: ChildProcess, what: string): Promise<number> {
  if (child.pid !== undefined) return Promise.resolve(child.pid);
  return new Promise((_, reject) => {
    child.once('error', (cause) => reject(failed(what, cause.message, cause)));
  });
}

function failed(what: string, why: string, cause?: unknown): IsolationError {
  return new IsolationError('sandbox_launch_failed', `The ${what} did not start: ${why.trim()}`, { cause });
}

function streamAt(child: ChildProcess, fd: number): Stream {
  const stream = (child.stdio as readonly (Stream | null | undefined)[])[fd];
  if (!stream) throw failed('sandbox', `descriptor ${fd} is missing`);
  return stream;
}

/** A launcher's word on its ready channel: `ok`, or what went wrong. */
export async function heardOk(child: ChildProcess, fd: number, what: string): Promise<void> {
  const said = await text(streamAt(child, fd) as Readable);
  if (!said.endsWith('ok\n')) throw failed(what, said === '' ? 'its launcher ended without a word' : said);
}

async function identified(pid: number, what: string): Promise<ProcessIdentity> {
  const identity = await identify(pid);
  if (!identity) throw failed(what, 'it is gone already');
  return identity;
}

/** Keeps an end until it is known what is to be said on it, if anything. The other holders' ends are the same socket. */
async function sayLater(end: Socket, command: Promise<string | undefined> | undefined): Promise<void> {
  end.on('error', () => undefined);
  const text = await command?.catch(() => undefined);
  if (text === undefined) end.destroy();
  else end.end(text, () => end.destroy());
}

/**
 * The wall comes first, because its ends must be blocking ones and Node makes only its own end of a pair non-blocking;
 * the bridge, which is Node, gets those. All within one tick, so that this process reads nothing that isn't its own.
 */
export async function spawnPair(spec: PairSpec): Promise<Pair> {
  const pipes = Array.from({ length: channelCount + 1 }, () => 'pipe' as const);
  const wall = spawn(spec.wall.file, spec.wall.args, {
    ...{ detached: true, env: { ...spec.wall.env }, stdio: [...pipes, ...spec.wall.files] },
    ...(spec.wall.cwd === undefined ? {} : { cwd: spec.wall.cwd }),
  });
  const ends = Array.from({ length: channelCount }, (_, fd) => streamAt(wall, fd));
  const bridge = spawn(spec.bridge.file, spec.bridge.args, {
    ...{ detached: true, env: { ...spec.bridge.env } },
    stdio: ['ignore', spec.bridge.log, spec.bridge.log, ...ends, ...(spec.bridge.announces ? ['pipe' as const] : [])],
    ...(spec.bridge.cwd === undefined ? {} : { cwd: spec.bridge.cwd }),
  });
  const command = spec.command && ends[bridgeChannels.command - bridgeChannels.stdin];
  for (const end of ends) if (end !== command) (end as Readable).destroy();
  if (command !== undefined) void sayLater(command as Socket, spec.command);
  wall.unref();
  bridge.unref();
  const outcomes = await Promise.allSettled([
    started(wall, 'wall').then(async (pid) => {
      await heardOk(wall, wallChannels.ready, 'wall');
      return identified(pid, 'wall');
    }),
    started(bridge, 'bridge').then(async (pid) => {
      if (spec.bridge.announces) await heardOk(bridge, bridgeChannels.ready, 'bridge');
      return identified(pid, 'bridge');
    }),
  ]);
  const [first, second] = outcomes;
  if (first.status === 'fulfilled' && second.status === 'fulfilled') return { wall: first.value, bridge: second.value };
  for (const child of [wall, bridge]) child.kill('SIGKILL');
  throw first.status === 'rejected' ? first.reason : second.status === 'rejected' ? second.reason : undefined;
}
