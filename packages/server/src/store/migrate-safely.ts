/**
 * Before a SQLite database is migrated: a copy of it is kept, and the migration is tried on another one. What fails on the
 * copy has touched nothing. The copy stays until a later start finds nothing to migrate.
 */
import { closeSync, openSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CamelCasePlugin, Kysely } from 'kysely';
import { MigrationFailed } from './errors.ts';
import { type Migration, migrate } from './migrate.ts';
import { sqliteDialect } from './sqlite-dialect.ts';
import type { Tables } from './tables.ts';

/** Room for both copies and what the migration writes, by the size of the database. */
const roomFactor = 3;

/** What a kept copy is called: the database's name, and the newest migration in it. */
const keptName = (file: string, number: number) => `${file}.before-${number}`;

/**
 * Tries the missing migrations; the real ones come after. Nothing happens to a database that is new or up to date.
 * @throws MigrationFailed when they don't work out, or there is no room to try
 */
export async function tryMigrations(
  database: DatabaseSync,
  file: string,
  list: readonly Migration[],
  now: () => string,
): Promise<void> {
  const applied = appliedIn(database);
  // What a newer Ash wrote is not ours to touch, and the copy that it kept may be needed now.
  if (applied.length === 0 || applied.some((one) => !list.some(({ number }) => number === one))) return;
  const missing = list.filter(({ number }) => !applied.includes(number));
  if (missing.length === 0) {
    forgetKept(file);
    return;
  }
  checkRoom(file);
  const kept = keptName(file, Math.max(...applied));
  const trial = `${file}.trial-${process.pid}`;
  try {
    copy(database, trial);
    // The same bytes twice: one to keep, one to try on.
    copy(database, `${kept}.new`);
    await rehearse(trial, list, now);
    renameSync(`${kept}.new`, kept);
  } catch (cause) {
    throw new MigrationFailed(
      missing.map(({ number }) => number),
      { cause },
    );
  } finally {
    for (const path of [trial, `${trial}-wal`, `${trial}-shm`, `${kept}.new`]) rmSync(path, { force: true });
  }
}

async function rehearse(path: string, list: readonly Migration[], now: () => string): Promise<void> {
  using database = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  const kysely = new Kysely<Tables>({ dialect: sqliteDialect(database), plugins: [new CamelCasePlugin()] });
  await migrate(kysely, 'sqlite', list, now);
  const said = integrityOf(database);
  if (said !== 'ok') throw new Error(`after the migration the copy is broken: ${said}`);
}

/** What SQLite says of the whole database: `ok`, or what is wrong. */
export function integrityOf(database: DatabaseSync): string {
  const rows = database.prepare('pragma integrity_check(5)').all() as { integrity_check: string }[];
  return rows.map((row) => row.integrity_check).join('; ');
}

/** Writes a consistent copy, while others write to the database. */
export function copy(database: DatabaseSync, to: string): void {
  rmSync(to, { force: true });
  // SQLite fills an empty file; one that it makes itself may be anybody's to read.
  closeSync(openSync(to, 'wx', 0o600));
  database.prepare('vacuum into ?').run(to);
}

function appliedIn(database: DatabaseSync): number[] {
  const known = database.prepare(`select 1 from sqlite_master where type = 'table' and name = 'migrations'`).get();
  if (known === undefined) return [];
  return (database.prepare('select number from migrations').all() as { number: number }[]).map(({ number }) => number);
}

function checkRoom(file: string): void {
  const { bavail, bsize } = statfsSync(dirname(file));
  const needed = statSync(file).size * roomFactor;
  if (bavail * bsize >= needed) return;
  const cause = new Error(`${Math.ceil(needed / 1024 ** 2)} MiB must be free on the disk of ${file} to try it first`);
  throw new MigrationFailed([], { cause });
}

function forgetKept(file: string): void {
  const start = `${basename(file)}.before-`;
  const kept = readdirSync(dirname(file)).filter((name) => name.startsWith(start));
  for (const name of kept) rmSync(join(dirname(file), name), { force: true });
}
