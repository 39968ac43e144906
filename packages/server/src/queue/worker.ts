/** Takes queue items as they come due, a few at a time, and holds them under a lease while their turns run. */
import { errors, newId } from '@ash-ai/shared';
import type { Logger } from 'pino';
import { StoreUnavailable } from '../store/errors.ts';
import type { Store, WriteJob } from '../store/open.ts';
import * as queueStore from '../store/queue.ts';
import { patiently } from '../turns/patiently.ts';
import { type AttemptRooms, attempt, type Ended } from './attempt.ts';
import { afterFailure } from './backoff.ts';

export interface WorkerOptions {
  /** Items in work at once. */
  concurrency: number;
  /** Time between two looks at the queue, in ms. Default 1,000. */
  pollMs?: number;
  /** How long an item stays with a server that gives no sign of life, in ms. Default 30,000. */
  leaseMs?: number;
  /** Default: the system's clock. */
  clock?: { now(): number } | undefined;
}

export class QueueWorker implements AsyncDisposable {
  readonly #store: Store;
  readonly #rooms: AttemptRooms;
  readonly #logger: Logger;
  readonly #concurrency: number;
  readonly #leaseMs: number;
  readonly #clock: { now(): number };
  /** Of this very process: a restarted server is another holder. */
  readonly #holder = newId();
  readonly #stopped = new AbortController();
  readonly #attempts = new Map<string, { work: Promise<void>; lost: AbortController }>();
  readonly #pollMs: number;
  #timers: NodeJS.Timeout[] = [];
  #taking: Promise<void> | undefined;
  #again = false;
  #paused = false;

  constructor(rooms: AttemptRooms & { store: Store; logger: Logger }, options: WorkerOptions) {
    const { concurrency, pollMs = 1_000, leaseMs = 30_000, clock = Date } = options;
    this.#store = rooms.store;
    this.#rooms = rooms;
    this.#logger = rooms.logger;
    this.#concurrency = concurrency;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
    this.#pollMs = pollMs;
  }

  /** Begins to take items. An embedded database has one server: what an earlier one left in work is taken over at once. */
  async start(): Promise<void> {
    if (this.#store.dialect === 'sqlite') await this.#store.write((tx) => queueStore.expireLeases(tx));
    const every = (ms: number, work: () => void): NodeJS.Timeout => setInterval(work, ms).unref();
    this.#timers = [every(this.#pollMs, () => this.nudge()), every(this.#leaseMs / 3, () => void this.#renew())];
    this.nudge();
  }

  /** Looks at the queue now. */
  nudge(): void {
    if (this.#paused) return;
    this.#again = true;
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
  }

  /** Takes no further items; those in work go on. */
  pause(): void {
    this.#paused = true;
  }

  /** Lets go of the items in work, for the next server to go on with at once. Their turns are not touched. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#paused = true;
    this.#stopped.abort();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#taking;
    const held = [...this.#attempts.values()];
    await Promise.all(held.map(({ work }) => work));
    if (held.length === 0) return;
    await this.#store
      .write((tx) => queueStore.expireLeases(tx, this.#holder))
      .catch((cause: unknown) => this.#complain(cause, 'queue items stay leased for a while'));
  }

  async #take(): Promise<void> {
    while (this.#again && !this.#paused) {
      this.#again = false;
      try {
        while (this.#attempts.size < this.#concurrency && !this.#paused) {
          const claim = { holder: this.#holder, at: this.#instant(0), leaseUntil: this.#instant(this.#leaseMs) };
          const item = await this.#store.write((tx) => queueStore.claim(tx, claim));
          if (item === undefined) break;
          this.#start(item);
        }
      } catch (cause) {
        // The next look at the queue tries again.
        this.#complain(cause, 'queue not readable');
      }
    }
  }

  #start(item: queueStore.QueueItemRow): void {
    const lost = new AbortController();
    const work = this.#work(item, AbortSignal.any([this.#stopped.signal, lost.signal]))
      .catch((cause: unknown) => this.#complain(cause, 'queue item not finished', item.id))
      .finally(() => {
        this.#attempts.delete(item.id);
        this.nudge();
      });
    this.#attempts.set(item.id, { work, lost });
  }

  async #work(item: queueStore.QueueItemRow, signal: AbortSignal): Promise<void> {
    const update = async (patch: Parameters<typeof queueStore.update>[1]['patch']): Promise<void> => {
      const change = { id: item.id, holder: this.#holder, patch };
      await this.#write((tx) => queueStore.update(tx, change), signal);
    };
    let known = item;
    const note = async (where: { sessionId: string; turnId: string | null }): Promise<void> => {
      await update(where);
      known = { ...known, ...where };
    };
    let ended: Ended;
    try {
      ended = await patiently(() => attempt(this.#rooms, known, note, signal), signal);
    } catch (cause) {
      if (signal.aborted) return;
      this.#complain(cause, 'attempt failed', item.id);
      ended = { failure: { error: errors.internal().message, final: false } };
    }
    if (ended === undefined) return;
    if (ended.failure !== undefined) await update(afterFailure(item, ended.failure, this.#clock.now()));
    else {
      const completedAt = this.#instant(0);
      await update({ status: 'completed', error: null, completedAt, claimedBy: null, leaseUntil: null });
    }
  }

  /** Keeps what is in work; lets go of what another server has taken over. */
  async #renew(): Promise<void> {
    if (this.#attempts.size === 0) return;
    const running = [...this.#attempts];
    const leaseUntil = this.#instant(this.#leaseMs);
    try {
      const kept = new Set(await this.#store.write((tx) => queueStore.renew(tx, { holder: this.#holder, leaseUntil })));
      for (const [id, { lost }] of running) if (!kept.has(id)) lost.abort();
    } catch (cause) {
      this.#complain(cause, 'leases of queue items not renewed');
    }
  }

  #write<T>(job: WriteJob<T>, signal: AbortSignal): Promise<T> {
    return patiently(() => this.#store.write(job), signal);
  }

  #instant(inMs: number): string {
    return new Date(this.#clock.now() + inMs).toISOString();
  }

  #complain(err: unknown, message: string, itemId?: string): void {
    if (err instanceof StoreUnavailable) this.#logger.warn({ err, itemId }, message);
    else this.#logger.error({ err, itemId }, message);
  }
}
