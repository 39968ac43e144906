/** Processes that work on snapshots: one for what nobody waits for, at low priority, and a few for what somebody does. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Slots } from '../slots.ts';
import type { Restored, RestoreRequest } from './restore.ts';
import type { TakeAnswer, TakeRequest } from './take.ts';
import type { Answer, Job } from './worker.ts';

/** How long a process waits for its next job, in ms. */
const idleMs = 10_000;
const urgentAtOnce = 2;

/** A job that could not be done. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed';
  /** Code of the file system's error, if it was one. */
  readonly code: string | undefined;

  constructor(reason: string, code?: string) {
    super(reason);
    this.code = code;
  }
}

export interface JobOptions {
  /** Ends the job at once; what it wrote is nobody's. */
  signal?: AbortSignal | undefined;
  /** Whether somebody waits for it. */
  urgent: boolean;
}

export class SnapshotWorkers implements AsyncDisposable {
  readonly #slots = { urgent: new Slots(urgentAtOnce), calm: new Slots(1) };
  readonly #idle = { urgent: new Set<ChildProcess>(), calm: new Set<ChildProcess>() };
  readonly #all = new Set<ChildProcess>();

  take(request: TakeRequest, options: JobOptions): Promise<TakeAnswer> {
    return this.#do({ job: 'take', ...request }, options) as Promise<TakeAnswer>;
  }

  restore(request: RestoreRequest, options: JobOptions): Promise<Restored> {
    return this.#do({ job: 'restore', ...request }, options) as Promise<Restored>;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#all].map((child) => ended(child)));
  }

  async #do(job: Job, { signal, urgent }: JobOptions): Promise<unknown> {
    const kind = urgent ? 'urgent' : 'calm';
    return await this.#slots[kind].use(async () => {
      signal?.throwIfAborted();
      const child = this.#child(kind);
      const result = Promise.withResolvers<Answer>();
      const onExit = () => result.reject(signal?.aborted ? signal.reason : new JobFailed('its process ended'));
      const onAbort = () => void child.kill('SIGKILL');
      child.once('exit', onExit).once('error', onExit).once('message', result.resolve);
      signal?.addEventListener('abort', onAbort);
      try {
        child.send(job, (cause) => cause && result.reject(cause));
        const answer = await result.promise;
        if ('failure' in answer) throw new JobFailed(answer.failure.reason, answer.failure.code);
        return answer.answer;
      } finally {
        signal?.removeEventListener('abort', onAbort);
        child.off('exit', onExit).off('error', onExit).off('message', result.resolve);
        this.#rest(child, kind);
      }
    });
  }

  #child(kind: 'urgent' | 'calm'): ChildProcess {
    const [idle] = this.#idle[kind];
    if (idle !== undefined && this.#idle[kind].delete(idle)) {
      idle.ref();
      return idle;
    }
    // From its sources in a checkout, else compiled; the same as this file.
    const file = fileURLToPath(new URL(`./worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url));
    const child = fork(file, kind === 'calm' ? ['10'] : [], {
      execArgv: [],
      env: {},
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#all.add(child);
    child.once('exit', () => {
      this.#all.delete(child);
      this.#idle[kind].delete(child);
    });
    return child;
  }

  #rest(child: ChildProcess, kind: 'urgent' | 'calm'): void {
    if (child.exitCode !== null || child.signalCode !== null || child.killed || !child.connected) return;
    this.#idle[kind].add(child);
    // It doesn't keep the server from ending.
    child.unref();
    child.channel?.unref();
    setTimeout(() => this.#idle[kind].delete(child) && child.disconnect(), idleMs).unref();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.ref();
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  child.kill('SIGKILL');
  await promise;
}
