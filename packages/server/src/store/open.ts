/** The way into the store: one interface over SQLite (embedded) and PostgreSQL (fleet). */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Kysely } from 'kysely';
import type { WriteJob } from './group-commit.ts';
import type { SqlDialect } from './migrate.ts';
import { openSqlite } from './sqlite.ts';
import type { Tables } from './tables.ts';

export type { WriteJob } from './group-commit.ts';

/** An open database. Disposing waits for the writes under way and closes it. */
export interface Store extends AsyncDisposable {
  readonly dialect: SqlDialect;
  /** For reads. It sees everything that a resolved `write` wrote; reads never wait for writes. */
  readonly db: Kysely<Tables>;
  /**
   * Runs a job in a transaction and resolves once it is durable; a job that throws leaves nothing behind.
   *
   * The job may await nothing but queries of the transaction it is given: on SQLite the jobs of all callers run one after
   * another in shared transactions, so a job that waits for something else holds up every write. It may run more than
   * once (PostgreSQL conflicts), so it has no effects of its own, and it does not go on after a query of it failed.
   *
   * @throws {StoreUnavailable} when the database cannot be used now; the caller may try again later.
   * @throws {UnstorableText} when a text has U+0000 or an unpaired surrogate.
   * @example
   * const seqs = await store.write((tx) => log.append(tx, { sessionId, epoch, entries }));
   */
  write<T>(job: WriteJob<T>): Promise<T>;
  /**
   * Resolves when everything that `db` shows by now is durable; undefined when it is already. `db` sees a commit some
   * tenths of a millisecond before its flush: who shows the outside what it read waits for this first.
   */
  durable(): Promise<void> | undefined;
  /** Resolves when the database answers. @throws {StoreUnavailable} */
  ping(): Promise<void>;
}

export interface StoreOptions {
  /** `postgres://…`; when given, `file` is not used. */
  readonly url?: string | undefined;
  /** Path of the SQLite file; made with its folder when missing. One server uses it at a time. */
  readonly file?: string | undefined;
  /** Where instants come from. Default: the system's clock. */
  readonly clock?: { now(): number } | undefined;
  /** PostgreSQL: waits between attempts to connect at start. Default: 1, 2, 4, 8 and 16 seconds. */
  readonly connectRetryMs?: readonly number[] | undefined;
  /** PostgreSQL: connections at most. Default 10. */
  readonly poolSize?: number | undefined;
}

/**
 * Opens the database and brings its schema up to date.
 * @throws {StoreUnavailable} when it cannot be reached. @throws {SchemaTooNew} when a newer Ash wrote it.
 */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { url, file, clock = Date, connectRetryMs = [1_000, 2_000, 4_000, 8_000, 16_000], poolSize = 10 } = options;
  const now = () => new Date(clock.now()).toISOString();
  if (url !== undefined) {
    // Only who uses it pays for it: 25 ms and 9 MB at every start.
    const { openPostgres } = await import('./postgres.ts');
    return refuseNested(await openPostgres({ url, now, connectRetryMs, poolSize }));
  }
  if (file !== undefined) return refuseNested(await openSqlite(file, now));
  throw new TypeError('openStore needs a url or a file');
}

/** A write inside a write would wait for itself for ever on SQLite; here it fails at once, on both dialects. */
function refuseNested(store: Store): Store {
  const inside = new AsyncLocalStorage<{ running: boolean }>();
  return {
    dialect: store.dialect,
    db: store.db,
    durable: () => store.durable(),
    ping: () => store.ping(),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
    write: async (job) => {
      if (inside.getStore()?.running) throw new Error('A store.write inside a store.write: pass the transaction on.');
      return await store.write(async (tx) => {
        const state = { running: true };
        try {
          return await inside.run(state, () => job(tx));
        } finally {
          state.running = false;
        }
      });
    },
  };
}
