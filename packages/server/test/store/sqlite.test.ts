/** What only SQLite has: shared commits, a full disk, a crash of the process that holds the file. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';
import { expect, onTestFinished, test } from 'vitest';
import { StoreUnavailable } from '../../src/store/errors.ts';
import { GroupCommit } from '../../src/store/group-commit.ts';
import * as log from '../../src/store/log.ts';
import { tryMigrations } from '../../src/store/migrate-safely.ts';
import { migrations } from '../../src/store/migrations/all.ts';
import { sqliteDialect } from '../../src/store/sqlite-dialect.ts';
import type { Tables } from '../../src/store/tables.ts';
import { opened, temporaryFolder } from './backend.ts';
import { AT, upTo } from './backend-rows.ts';
import { fillSqlite, schemaFixture } from './schema-fixture.ts';

test('writes that arrive together share commits', async () => {
  const file = join(temporaryFolder(), 'ash.db');
  const store = await opened({ file });
  using probe = new DatabaseSync(file, { readOnly: true });
  // SQLite's data_version changes when another connection commits.
  const version = probe.prepare('pragma data_version');
  const seen = await Promise.all(
    upTo(300).map(async (n) => {
      await store.write((tx) =>
        tx
          .insertInto('meta')
          .values({ key: `k${n}`, value: '' })
          .execute(),
      );
      return version.get()?.data_version;
    }),
  );
  expect(new Set(seen).size).toBeLessThanOrEqual(30);
});

test('the file can be read by its owner only, and a closed database is one file', async () => {
  const file = join(temporaryFolder(), 'new', 'folder', 'ash.db');
  const store = await opened({ file });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600);
  await store[Symbol.asyncDispose]();
  expect(() => statSync(`${file}-wal`)).toThrow();
});

test('a full disk fails the writes of its batch as unavailable, and room makes them work again', async () => {
  using database = new DatabaseSync(join(temporaryFolder(), 'full.db'));
  database.exec('create table meta (key text primary key, value text not null); pragma max_page_count = 20');
  const group = new GroupCommit(new Kysely<Tables>({ dialect: sqliteDialect(database) }), database, async () => {});
  const put = (key: string, size: number) =>
    group.write((tx) =>
      tx
        .insertInto('meta')
        .values({ key, value: 'x'.repeat(size) })
        .execute(),
    );
  await put('small', 10);
  const outcomes = await Promise.allSettled([put('fits', 10), put('huge', 1_000_000), put('after', 10)]);
  expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { reason: 'disk_full', retryable: true } });
  const stored = () =>
    database
      .prepare('select key from meta order by key')
      .all()
      .map((row) => row.key);
  const promised = ['fits', 'huge', 'after'].filter((_, index) => outcomes[index]?.status === 'fulfilled');
  expect(stored()).toEqual([...promised, 'small'].sort());
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(StoreUnavailable);
  database.exec('pragma max_page_count = 10000');
  await put('huge', 1_000_000);
  expect(stored()).toContain('huge');
});

test('a commit that fails fails every job of its batch', async () => {
  using database = new DatabaseSync(join(temporaryFolder(), 'commit.db'));
  // A deferred foreign key is checked by the commit, the one way to make it fail at will.
  database.exec(
    `create table meta (key text primary key, value text references meta (key) deferrable initially deferred)`,
  );
  const group = new GroupCommit(new Kysely<Tables>({ dialect: sqliteDialect(database) }), database, async () => {});
  const put = (key: string, value: string) =>
    group.write((tx) => tx.insertInto('meta').values({ key, value }).execute());
  const outcomes = await Promise.allSettled([put('a', 'a'), put('b', 'nobody'), put('c', 'c')]);
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(database.prepare('select key from meta').all()).toEqual([]);
  await put('a', 'a');
  expect(database.prepare('select key from meta').all()).toHaveLength(1);
});

test('a lock held by a stranger makes writes unavailable until it is gone', async () => {
  const file = join(temporaryFolder(), 'ash.db');
  const store = await opened({ file });
  const put = () => store.write((tx) => tx.insertInto('meta').values({ key: 'k', value: 'v' }).execute());
  using stranger = new DatabaseSync(file);
  stranger.exec('begin immediate');
  await expect(put()).rejects.toMatchObject({ name: 'StoreUnavailable', reason: 'busy', uncertain: false });
  expect(await store.db.selectFrom('meta').selectAll().execute()).toEqual([]);
  stranger.exec('rollback');
  await put();
});

test('kill -9 loses no write that was reported, and racing processes make one schema', async () => {
  const file = join(temporaryFolder(), 'ash.db');
  const reported = new Map<string, number>();
  // Three processes race to make the schema; each is killed in the middle of its writes.
  await Promise.all(
    ['a', 'b', 'c'].map(async (name) => {
      const program = join(import.meta.dirname, 'write-until-killed.ts');
      const child = spawn(process.execPath, ['--conditions=@ash-ai/source', program, file, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      const closed = once(child, 'close');
      let lines = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const [sessionId = '', seq] = line.split(' ');
        reported.set(sessionId, Math.max(reported.get(sessionId) ?? 0, Number(seq)));
        lines += 1;
        if (lines === 300) child.kill('SIGKILL');
      }
      expect(await closed).toEqual([null, 'SIGKILL']);
      expect(lines).toBeGreaterThanOrEqual(300);
    }),
  );
  const store = await opened({ file });
  expect(reported.size).toBe(60);
  for (const [sessionId, seq] of reported) {
    const entries = await log.read(store.db, { sessionId, limit: 100_000 });
    expect(entries.map((entry) => entry.seq)).toEqual(upTo(entries.length).map((n) => n + 1));
    expect(entries.length).toBeGreaterThanOrEqual(seq);
    expect(await log.lastSeq(store.db, sessionId)).toBe(entries.length);
  }
});

test('a migration that fails is found out on a copy: the database is as it was, and the copy is kept until all is well', async () => {
  const file = join(temporaryFolder(), 'ash.db');
  const [first, ...rest] = migrations;
  if (first === undefined) throw new Error('no migrations');
  await fillSqlite({ file }, schemaFixture(1));
  using database = new DatabaseSync(file);
  const before = database.prepare('select name, sql from sqlite_master order by name').all();
  const bad = {
    number: 999,
    name: 'bad',
    statements: ['alter table sessions rename to gone', 'select no_such_function()'],
  };
  const now = () => AT;
  await expect(tryMigrations(database, file, [...migrations, bad], now)).rejects.toThrow(
    /schema 999.*no_such_function.*nothing was changed/s,
  );
  expect(database.prepare('select name, sql from sqlite_master order by name').all()).toEqual(before);
  expect(readdirSync(dirname(file))).toEqual(['ash.db']);

  await tryMigrations(database, file, [first, ...rest], now);
  expect(readdirSync(dirname(file))).toEqual(['ash.db', 'ash.db.before-1']);
  using kept = new DatabaseSync(`${file}.before-1`, { readOnly: true });
  expect(kept.prepare('select name, sql from sqlite_master order by name').all()).toEqual(before);
  expect(statSync(`${file}.before-1`).mode & 0o777).toBe(0o600);

  const store = await opened({ file });
  expect(readdirSync(dirname(file))).toContain('ash.db.before-1');
  await store[Symbol.asyncDispose]();
  await (await opened({ file }))[Symbol.asyncDispose]();
  expect(readdirSync(dirname(file))).toEqual(['ash.db']);
});
