/**
 * Group commit for SQLite: jobs that arrive while the event loop turns share one transaction, and transactions that
 * commit while the journal is being flushed share the next flush. The flush (0.3 ms on an idle disk, many times that on
 * a busy one) runs beside the event loop, which it would otherwise hold up. Nobody hears of a success before it.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Kysely, Transaction } from 'kysely';
import { StoreUnavailable } from './errors.ts';
import { fromSqlite } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

/** After this long a batch takes no further job, so that the event loop gets its turn under a flood of writes. */
const BATCH_MS = 5;

/** A piece of work in a transaction. It may await nothing but queries of the transaction it is given. */
export type WriteJob<T> = (tx: Transaction<Tables>) => Promise<T>;

interface Outcome {
  succeed(): void;
  fail(error: unknown): void;
}

interface Waiting {
  /** Runs the job in its savepoint; the outcome is told to its caller once it is on the disk. */
  run(tx: Transaction<Tables>): Promise<Outcome>;
  reject(error: unknown): void;
}

export class GroupCommit implements AsyncDisposable {
  readonly #writer: Kysely<Tables>;
  readonly #database: DatabaseSync;
  readonly #waiting: Waiting[] = [];
  readonly #flush: () => Promise<void>;
  #idle: PromiseWithResolvers<void> | undefined;
  /** Outcomes of commits that no flush has covered yet. */
  #unflushed: Outcome[] = [];
  #flushing: Promise<void> | undefined;

  /**
   * Writes through `writer`, which must be the only user of the connection `database`.
   * @param flush puts everything that is committed on the disk
   */
  constructor(writer: Kysely<Tables>, database: DatabaseSync, flush: () => Promise<void>) {
    this.#writer = writer;
    this.#database = database;
    this.#flush = flush;
  }

  /** Resolves when everything that is committed by now is on the disk; undefined when it is already. */
  durable(): Promise<void> | undefined {
    if (this.#flushing === undefined) return undefined;
    const { promise, resolve } = Promise.withResolvers<void>();
    // Whoever only reads is not the one to be told that a flush failed.
    this.#unflushed.push({ succeed: resolve, fail: () => resolve() });
    return promise;
  }

  /** Runs a job in the next batch; resolves once that batch is on disk. A job that throws is rolled back alone. */
  write<T>(job: WriteJob<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run = async (tx: Transaction<Tables>) => {
      const result = await this.#inSavepoint(() => job(tx));
      return { succeed: () => ('value' in result ? resolve(result.value) : reject(result.error)), fail: reject };
    };
    this.#waiting.push({ run, reject });
    this.#schedule();
    return promise;
  }

  /** Waits for the jobs that are under way or waiting. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#idle?.promise;
    await this.#flushing;
  }

  #schedule(): void {
    if (this.#idle !== undefined) return;
    this.#idle = Promise.withResolvers<void>();
    setImmediate(() => void this.#drain());
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      await this.#commitBatch();
      if (this.#waiting.length > 0) await new Promise((resolve) => setImmediate(resolve));
    }
    this.#idle?.resolve();
    this.#idle = undefined;
  }

  async #commitBatch(): Promise<void> {
    const batch: Waiting[] = [];
    const outcomes: Outcome[] = [];
    try {
      await this.#writer.transaction().execute(async (tx) => {
        const until = performance.now() + BATCH_MS;
        for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
          batch.push(job);
          outcomes.push(await job.run(tx));
          if (performance.now() >= until) break;
        }
      });
    } catch (error) {
      // The begin or the commit failed, or SQLite gave up the whole transaction: nothing of this batch is stored.
      const failed = batch.length > 0 ? batch : this.#waiting.splice(0);
      for (const job of failed) job.reject(error);
      return;
    }
    this.#unflushed.push(...outcomes);
    this.#flushing ??= this.#flushAll();
  }

  async #flushAll(): Promise<void> {
    while (this.#unflushed.length > 0) {
      const covered = this.#unflushed;
      this.#unflushed = [];
      try {
        await this.#flush();
        for (const outcome of covered) outcome.succeed();
      } catch (cause) {
        // Committed, but perhaps not on the disk: the caller has to find out.
        const error = new StoreUnavailable('io', { cause, uncertain: true });
        for (const outcome of covered) outcome.fail(error);
      }
    }
    this.#flushing = undefined;
  }

  async #inSavepoint<T>(job: () => Promise<T>): Promise<{ value: T } | { error: unknown }> {
    this.#exec('savepoint job');
    try {
      const value = await job();
      this.#exec('release job');
      return { value };
    } catch (error) {
      if (!this.#database.isTransaction) throw error;
      this.#exec('rollback to job');
      this.#exec('release job');
      return { error };
    }
  }

  #exec(statement: string): void {
    try {
      this.#database.exec(statement);
    } catch (error) {
      throw fromSqlite(error);
    }
  }
}
