/**
 * Group commit for SQLite: jobs that arrive while the event loop turns, or while a batch runs, share one transaction and
 * so one flush to disk (0.27 ms measured). Nobody hears of a success before the commit.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Kysely, Transaction } from 'kysely';
import { fromSqlite } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

/** After this long a batch takes no further job, so that the event loop gets its turn under a flood of writes. */
const BATCH_MS = 5;

/** A piece of work in a transaction. It may await nothing but queries of the transaction it is given. */
export type WriteJob<T> = (tx: Transaction<Tables>) => Promise<T>;

interface Waiting {
  /** Runs the job in its savepoint; the returned function tells its caller, after the commit. */
  run(tx: Transaction<Tables>): Promise<() => void>;
  reject(error: unknown): void;
}

export class GroupCommit implements AsyncDisposable {
  readonly #writer: Kysely<Tables>;
  readonly #database: DatabaseSync;
  readonly #waiting: Waiting[] = [];
  #idle: PromiseWithResolvers<void> | undefined;

  /** Writes through `writer`, which must be the only user of the connection `database`. */
  constructor(writer: Kysely<Tables>, database: DatabaseSync) {
    this.#writer = writer;
    this.#database = database;
  }

  /** Runs a job in the next batch; resolves once that batch is on disk. A job that throws is rolled back alone. */
  write<T>(job: WriteJob<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run = async (tx: Transaction<Tables>) => {
      const result = await this.#inSavepoint(() => job(tx));
      return 'value' in result ? () => resolve(result.value) : () => reject(result.error);
    };
    this.#waiting.push({ run, reject });
    this.#schedule();
    return promise;
  }

  /** Waits for the jobs that are under way or waiting. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#idle?.promise;
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
    const outcomes: (() => void)[] = [];
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
    for (const tell of outcomes) tell();
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
