/** The shared store of a fleet: PostgreSQL through a pool, every write its own transaction. */
import { setTimeout as delay } from 'node:timers/promises';
import { CamelCasePlugin, Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { StoreUnavailable } from './errors.ts';
import type { WriteJob } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { migrations } from './migrations/all.ts';
import type { Store } from './open.ts';
import { isConflict, kyselyPool, numbersForBigints } from './postgres-pool.ts';
import type { Tables } from './tables.ts';

/** How often a transaction is tried again that PostgreSQL gave up in favour of another one. */
const MAX_CONFLICT_RETRIES = 5;

export interface PostgresOptions {
  readonly url: string;
  readonly now: () => string;
  /** Waits between the attempts to reach the database at start, in milliseconds. */
  readonly connectRetryMs: readonly number[];
  readonly poolSize: number;
}

/** Connects, waiting for a database that is still starting, and brings its schema up to date. */
export async function openPostgres({ url, now, connectRetryMs, poolSize }: PostgresOptions): Promise<Store> {
  const pool = new Pool({
    connectionString: url,
    application_name: 'ash',
    max: poolSize,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    connectionTimeoutMillis: 10_000,
    types: numbersForBigints,
  });
  // Without a listener the loss of a connection that nobody uses at the moment would end the process. The next query
  // on it reports the loss.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  const db = new Kysely<Tables>({
    dialect: new PostgresDialect({ pool: kyselyPool(pool) }),
    plugins: [new CamelCasePlugin()],
  });
  const store = new PostgresStore(db);
  try {
    await reach(store, connectRetryMs);
    await migrate(db, 'postgres', migrations, now);
    return store;
  } catch (error) {
    await store[Symbol.asyncDispose]();
    throw error;
  }
}

class PostgresStore implements Store {
  readonly dialect = 'postgres';
  readonly db: Kysely<Tables>;
  readonly #writes = new Set<Promise<unknown>>();
  #closed: Promise<void> | undefined;

  constructor(db: Kysely<Tables>) {
    this.db = db;
  }

  async write<T>(job: WriteJob<T>): Promise<T> {
    if (this.#closed !== undefined) throw new StoreUnavailable('connection', { cause: new Error('closed') });
    const write = this.#transact(job);
    this.#writes.add(write);
    try {
      return await write;
    } finally {
      this.#writes.delete(write);
    }
  }

  /** PostgreSQL shows nothing before it is durable. */
  durable(): undefined {}

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.db);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#writes);
    await this.db.destroy();
  }

  async #transact<T>(job: WriteJob<T>): Promise<T> {
    for (let retries = 0; ; retries++) {
      let committing = false;
      try {
        return await this.db.transaction().execute(async (tx) => {
          const result = await job(tx);
          committing = true;
          return result;
        });
      } catch (error) {
        if (isConflict(error) && retries < MAX_CONFLICT_RETRIES) continue;
        // A lost answer to a commit leaves open whether it happened.
        if (error instanceof StoreUnavailable && committing) {
          throw new StoreUnavailable(error.reason, { cause: error.cause, uncertain: true });
        }
        throw error;
      }
    }
  }
}

async function reach(store: Store, waitsMs: readonly number[]): Promise<void> {
  for (const waitMs of waitsMs) {
    try {
      return await store.ping();
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    await delay(waitMs);
  }
  await store.ping();
}
