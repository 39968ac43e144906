/** Databases as earlier versions of Ash left them, made from `fixtures/schema-<n>.json`. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';
import type { StoreOptions } from '../../src/store/open.ts';

export interface SchemaFixture {
  applied: { number: number; name: string }[];
  statements: string[];
  rows: Record<string, Record<string, string | number>[]>;
}

export function schemaFixture(number: number): SchemaFixture {
  const file = new URL(`./fixtures/schema-${number}.json`, import.meta.url);
  if (!existsSync(file)) throw new Error(`migration ${number} has no fixture: see fixtures/make-schemas.ts`);
  return JSON.parse(readFileSync(file, 'utf8')) as SchemaFixture;
}

/** Makes a database as a version of Ash with this schema left it. @param run runs one statement */
async function fillWith(
  { applied, statements, rows }: SchemaFixture,
  run: (statement: string, values?: (string | number)[]) => unknown,
): Promise<void> {
  await run('create table migrations (number bigint primary key, name text not null, applied_at text not null)');
  for (const statement of statements) await run(statement);
  const values = [
    ...Object.entries(rows),
    ['migrations', applied.map((one) => ({ ...one, applied_at: 'then' }))],
  ] as const;
  for (const [table, all] of values) {
    for (const row of all as Record<string, string | number>[]) {
      const marks = Object.keys(row).map((_, index) => `$${index + 1}`);
      await run(`insert into ${table} (${Object.keys(row)}) values (${marks})`, Object.values(row));
    }
  }
}

export async function fillSqlite({ file = '' }: StoreOptions, fixture: SchemaFixture): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  using database = new DatabaseSync(file);
  await fillWith(fixture, (statement, values = []) =>
    database.prepare(statement.replaceAll(/\$\d+/g, '?')).run(...values),
  );
}

export async function fillPostgres({ url }: StoreOptions, fixture: SchemaFixture): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // As the migration itself writes it there.
    const text = (statement: string) => statement.replaceAll(/\btext\b/g, 'text collate "C"');
    await fillWith(fixture, (statement, values) =>
      client.query(values === undefined ? text(statement) : statement, values),
    );
  } finally {
    await client.end();
  }
}
