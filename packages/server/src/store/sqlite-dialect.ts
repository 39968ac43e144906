/** Kysely's SQLite dialect over `node:sqlite`: one connection, prepared statements kept by their text. */
import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { refuseUnstorable, StoreUnavailable, type UnavailableReason } from './errors.ts';

/** Enough for every query of the nouns with its usual batch sizes; the least recently used one goes first. */
const MAX_STATEMENTS = 256;

/** A dialect that runs everything on the given open database and never closes it. */
export function sqliteDialect(database: DatabaseSync): Dialect {
  const connection = new SqliteConnection(database);
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => sqliteDriver(database, connection),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** Turns SQLite's passing troubles into {@link StoreUnavailable}; anything else comes back as it is. */
export function fromSqlite(error: unknown): unknown {
  const code = error instanceof Error && 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  const reason: UnavailableReason | undefined = { 5: 'busy', 6: 'busy', 10: 'io', 13: 'disk_full' }[code] as
    | UnavailableReason
    | undefined;
  return reason === undefined ? error : new StoreUnavailable(reason, { cause: error });
}

function sqliteDriver(database: DatabaseSync, connection: DatabaseConnection): Driver {
  const run = async (statement: string) => {
    await connection.executeQuery(CompiledQuery.raw(statement));
  };
  return {
    init: async () => {},
    acquireConnection: async () => connection,
    // Never a deferred begin: a transaction that reads first and writes later could not get the lock then.
    beginTransaction: () => run('begin immediate'),
    commitTransaction: () => run('commit'),
    // A full disk makes SQLite roll back by itself; a second rollback would hide the first error.
    rollbackTransaction: async () => {
      if (database.isTransaction) await run('rollback');
    },
    releaseConnection: async () => {},
    destroy: async () => {},
  };
}

class SqliteConnection implements DatabaseConnection {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, { statement: StatementSync; returnsRows: boolean }>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    refuseUnstorable(parameters);
    try {
      const { statement, returnsRows } = this.#prepared(sql);
      const values = parameters as SQLInputValue[];
      if (returnsRows) return { rows: statement.all(...values) as R[] };
      const { changes } = statement.run(...values);
      return { rows: [], numAffectedRows: BigInt(changes) };
    } catch (error) {
      throw fromSqlite(error);
    }
  }

  // biome-ignore lint/correctness/useYield: the interface wants a generator, the store has no use for it
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('The store reads pages; it does not stream queries.');
  }

  #prepared(sql: string) {
    const known = this.#statements.get(sql);
    if (known !== undefined) {
      this.#statements.delete(sql);
      this.#statements.set(sql, known);
      return known;
    }
    const statement = this.#database.prepare(sql);
    const prepared = { statement, returnsRows: statement.columns().length > 0 };
    this.#statements.set(sql, prepared);
    const oldest = this.#statements.keys().next();
    if (this.#statements.size > MAX_STATEMENTS && !oldest.done) this.#statements.delete(oldest.value);
    return prepared;
  }
}
