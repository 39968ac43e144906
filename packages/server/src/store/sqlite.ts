/** The embedded store: one SQLite file in WAL mode, one connection that writes (in groups) and one that reads. */
import { closeSync, fdatasync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CamelCasePlugin, Kysely, sql } from 'kysely';
import { StoreUnavailable } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import { migrate } from './migrate.ts';
import { tryMigrations } from './migrate-safely.ts';
import { migrations } from './migrations/all.ts';
import type { Store } from './open.ts';
import { fromSqlite, sqliteDialect } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

const flushFile = promisify(fdatasync);

/** How long a starter waits for another one's migration. */
const START_PATIENCE_MS = 30_000;
/** How long a statement waits for somebody else's lock. It blocks the thread; with one server a database it never happens. */
const BUSY_MS = 1_000;

/** Opens (and creates, readable by its owner only) the database file and brings its schema up to date. */
export async function openSqlite(file: string, now: () => string): Promise<Store> {
  mkdirSync(dirname(file), { recursive: true });
  closeSync(openSync(file, 'a', 0o600));
  const database = new DatabaseSync(file, { timeout: 0, enableForeignKeyConstraints: false });
  let reading: DatabaseSync | undefined;
  let journal: number | undefined;
  try {
    await patiently(() => database.exec('pragma journal_mode = wal'));
    // NORMAL leaves the flush of the journal after a commit to us (GroupCommit), which do it beside the event loop; the
    // flushes around a checkpoint stay SQLite's. Together that is what FULL promises. 4,000 pages (16 MB) between checkpoints keep them rare and short;
    // the journal is cut back to 64 MB after a rush.
    database.exec(
      `pragma synchronous = normal; pragma wal_autocheckpoint = 4000; pragma journal_size_limit = 67108864;
       pragma cache_size = -16000; pragma temp_store = memory`,
    );
    const writer = kyselyOver(database);
    await patiently(() => tryMigrations(database, file, migrations, now));
    await patiently(() => migrate(writer, 'sqlite', migrations, now));
    database.exec(`pragma busy_timeout = ${BUSY_MS}`);
    journal = openSync(`${file}-wal`, 'r');
    reading = new DatabaseSync(file, { readOnly: true, timeout: BUSY_MS });
    reading.exec('pragma cache_size = -16000; pragma temp_store = memory');
    return new SqliteStore(database, writer, reading, journal);
  } catch (error) {
    reading?.close();
    if (journal !== undefined) closeSync(journal);
    database.close();
    throw fromSqlite(error);
  }
}

class SqliteStore implements Store {
  readonly dialect = 'sqlite';
  readonly db: Kysely<Tables>;
  readonly write: Store['write'];
  readonly #writing: DatabaseSync;
  readonly #reading: DatabaseSync;
  readonly #group: GroupCommit;
  readonly #journal: number;
  #closed: Promise<void> | undefined;

  /** @param journal a descriptor of the write-ahead log, which stays the same file while the database is open */
  constructor(writing: DatabaseSync, writer: Kysely<Tables>, reading: DatabaseSync, journal: number) {
    this.#writing = writing;
    this.#reading = reading;
    this.#journal = journal;
    this.#group = new GroupCommit(writer, writing, () => flushFile(journal));
    this.db = kyselyOver(reading);
    this.write = async (job) => {
      if (this.#closed !== undefined) throw new StoreUnavailable('connection', { cause: new Error('closed') });
      return await this.#group.write(job);
    };
  }

  durable(): Promise<void> | undefined {
    return this.#group.durable();
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.db);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    await this.#group[Symbol.asyncDispose]();
    // The reader goes first: the last connection to close moves the journal into the database, and only a writer can.
    this.#reading.close();
    closeSync(this.#journal);
    this.#writing.exec('pragma optimize');
    this.#writing.close();
  }
}

function kyselyOver(database: DatabaseSync): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: sqliteDialect(database), plugins: [new CamelCasePlugin()] });
}

/**
 * Tries again while another starter has the database. SQLite's own waiting would not do: it blocks the thread, and the
 * switch of a new file to WAL does not wait at all.
 */
async function patiently(step: () => unknown): Promise<void> {
  const until = performance.now() + START_PATIENCE_MS;
  for (;;) {
    try {
      await step();
      return;
    } catch (error) {
      const failure = fromSqlite(error);
      if (!(failure instanceof StoreUnavailable && failure.reason === 'busy') || performance.now() > until)
        throw failure;
      await delay(10);
    }
  }
}
