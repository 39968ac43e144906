/** Has the runner tidy up after a server that died: at the start and every ten minutes. */
import type { Runner } from '@ash-ai/sandbox';
import type { Logger } from 'pino';
import type { Store } from './store/open.ts';
import * as sessionStore from './store/sessions.ts';

const everyMs = 10 * 60_000;

interface SweepRooms {
  store: Store;
  runner: Runner;
  logger: Logger;
  /** Those that live belong to sessions to come. */
  spares: { readonly ids: readonly string[] };
}

export class Sweep implements AsyncDisposable {
  readonly #rooms: SweepRooms;
  readonly #timer: NodeJS.Timeout;
  #work: Promise<void> = Promise.resolve();

  constructor(rooms: SweepRooms) {
    this.#rooms = rooms;
    this.#timer = setInterval(() => this.now(), everyMs).unref();
  }

  /** Sweeps after the one that is under way, if any. A failure is logged: the next one may do better. */
  now(): void {
    const { store, runner, logger, spares } = this.#rooms;
    this.#work = this.#work
      .then(() =>
        runner.sweep(async (ids) => new Set([...(await sessionStore.existing(store.db, ids)), ...spares.ids])),
      )
      .then(({ sandboxes, folders }) => {
        if (sandboxes.length + folders.length > 0) logger.warn({ sandboxes, folders }, 'swept what a server left');
      })
      .catch((err: unknown) => logger.error({ err }, 'sweep failed'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#work;
  }
}
