/** Looks now and then how much a sandbox has written: a disk of its own can be full, else nothing holds the limit but this. */
import { execFile } from 'node:child_process';
import { statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errors } from '@ash-ai/shared';
import type { SandboxLimits } from '@ash-ai/shared/contract';

const run = promisify(execFile);

/** Between two looks, in ms; more when looking takes long, so that it costs a twentieth of one processor at most. */
const lookMs = 2000;
const restFactor = 20;
const duTimeoutMs = 30_000;
/** What a sandbox that was over its limit when it woke may write, so that an agent can clean up: 16 MiB, 1,000 files. */
const slack = { bytes: 16 * 1024 * 1024, inodes: 1000 };

/** A disk with less than this left is full. */
const fullBytes = 256 * 1024;

type Failure = { code: 'disk_limit_reached'; error: string };

/**
 * Watches a disk of the sandbox's own until `signal` fires; tells the failure once. One that is full from the beginning is
 * watched once it isn't any more, so that an agent can clean up.
 */
export async function watchImage(options: {
  place: string;
  limits: Pick<SandboxLimits, 'diskMb' | 'inodes'>;
  signal: AbortSignal;
  hit: (failure: Failure) => void;
}): Promise<void> {
  const { place, limits, signal, hit } = options;
  let hadRoom = false;
  while (!signal.aborted) {
    const found = await statfs(place).catch(() => undefined);
    if (found === undefined) return;
    const { bavail, bsize, ffree } = found;
    const full = bavail * bsize < fullBytes ? `${limits.diskMb} MiB` : ffree === 0 ? filesOf(limits) : undefined;
    if (full === undefined) hadRoom = true;
    else if (hadRoom) {
      hit(failureOf(full));
      return;
    }
    await pause(lookMs, signal);
  }
}

interface Use {
  bytes: number;
  inodes: number;
}

/**
 * Watches folders until `signal` fires; tells the failure once.
 * @param hit called when more is used than the limits, or than there was at the beginning and some slack
 */
export async function watchDisk(options: {
  folders: readonly string[];
  limits: Pick<SandboxLimits, 'diskMb' | 'inodes'>;
  signal: AbortSignal;
  hit: (failure: Failure) => void;
}): Promise<void> {
  const { folders, limits, signal, hit } = options;
  const most: Use = { bytes: limits.diskMb * 1024 * 1024, inodes: limits.inodes };
  let first = true;
  while (!signal.aborted) {
    const began = performance.now();
    const use = await used(folders, signal);
    if (use !== undefined && first) {
      if (use.bytes > most.bytes) most.bytes = use.bytes + slack.bytes;
      if (use.inodes > most.inodes) most.inodes = use.inodes + slack.inodes;
      first = false;
    } else if (use !== undefined && (use.bytes > most.bytes || use.inodes > most.inodes)) {
      const limit = use.bytes > most.bytes ? `${limits.diskMb} MiB` : filesOf(limits);
      hit(failureOf(limit));
      return;
    }
    await pause(Math.max(lookMs, restFactor * (performance.now() - began)), signal);
  }
}

const filesOf = ({ inodes }: Pick<SandboxLimits, 'inodes'>) => `${inodes} files and folders`;

function failureOf(limit: string): Failure {
  return { code: 'disk_limit_reached', error: errors.disk_limit_reached({ limit }).message };
}

/** What the folders take on disk, holes not counted. Undefined when it can't be told. */
async function used(folders: readonly string[], signal: AbortSignal): Promise<Use | undefined> {
  const [bytes, inodes] = await Promise.all(
    [['--block-size=1'], ['--inodes']].map((how) => total(['-s', '-x', '-c', ...how, '--', ...folders], signal)),
  );
  return bytes === undefined || inodes === undefined ? undefined : { bytes, inodes };
}

async function total(args: readonly string[], signal: AbortSignal): Promise<number | undefined> {
  try {
    const { stdout } = await run('nice', ['du', ...args], { signal, timeout: duTimeoutMs, maxBuffer: 1024 * 1024 });
    return Number(/^(\d+)\ttotal$/m.exec(stdout)?.[1]);
  } catch (cause) {
    // What vanishes while it looks makes it fail, but it has counted all the same.
    const { stdout } = cause as { stdout?: string };
    const found = /^(\d+)\ttotal$/m.exec(stdout ?? '')?.[1];
    return found === undefined ? undefined : Number(found);
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
    if (signal.aborted) done();
  });
}
