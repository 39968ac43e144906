/** Rows that have had their time are forgotten, some at a time: keys of idempotency, items of the queue, usage. */
import type { Logger } from 'pino';
import type { Config } from './config.ts';
import * as idempotencyStore from './store/idempotency.ts';
import type { Store } from './store/open.ts';
import * as queueStore from './store/queue.ts';
import type { Writer } from './store/row.ts';
import * as usageStore from './store/usage.ts';

export interface ForgettingRooms {
  store: Store;
  logger: Logger;
  config: Pick<Config, 'queueItemDays' | 'usageDays'>;
}

const everyMs = 10 * 60_000;
const dayMs = 24 * 60 * 60_000;
/** What a caller tries again, it tries again within days. */
const idempotencyDays = 7;
/** Rows of one write: others wait meanwhile. */
const some = 1000;

type SweepRows = (tx: Writer, rows: { before: string; limit: number }) => Promise<number>;

export class Forgetting implements AsyncDisposable {
  readonly #rooms: ForgettingRooms;
  readonly #timer: NodeJS.Timeout;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(rooms: ForgettingRooms) {
    this.#rooms = rooms;
    this.#timer = setInterval(() => this.now(), everyMs).unref();
  }

  /** Forgets what is old, after the time before if that is under way. A failure is logged: the next time may do better. */
  now(): void {
    const { config, logger } = this.#rooms;
    const kinds: [SweepRows, days: number][] = [
      [idempotencyStore.sweep, idempotencyDays],
      [queueStore.sweep, config.queueItemDays],
      [usageStore.sweep, config.usageDays],
    ];
    this.#work = this.#work
      .then(async () => {
        // biome-ignore lint/plugin: days, counted from stored instants
        for (const [sweep, days] of kinds) await this.#forget(sweep, new Date(Date.now() - days * dayMs).toISOString());
      })
      .catch((err: unknown) => logger.error({ err }, 'old rows not forgotten'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#work;
  }

  async #forget(sweep: SweepRows, before: string): Promise<void> {
    let forgotten = some;
    while (forgotten >= some && !this.#stopped) {
      forgotten = await this.#rooms.store.write((tx) => sweep(tx, { before, limit: some }));
    }
  }
}
