/** The store's conformance suites, run for SQLite and for a real PostgreSQL. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { findPostgres, type PostgresCluster, startPostgres } from '../../../../test/conformance/postgres.ts';
import { type Backend, temporaryFolder } from './backend.ts';
import { credentialSuite } from './credential-suite.ts';
import { logSuite } from './log-suite.ts';
import { migrationSuite } from './migration-suite.ts';
import { nounSuite } from './noun-suite.ts';
import { postgresSuite } from './postgres-suite.ts';
import { queueSuite } from './queue-suite.ts';
import { fillPostgres, fillSqlite } from './schema-fixture.ts';
import { textSuite } from './text-suite.ts';
import { turnSuite } from './turn-suite.ts';
import { upgradeSuite } from './upgrade-suite.ts';
import { usageSuite } from './usage-suite.ts';
import { writeSuite } from './write-suite.ts';

function conformance(backend: Backend, fill: Parameters<typeof upgradeSuite>[1]): void {
  migrationSuite(backend);
  writeSuite(backend);
  logSuite(backend);
  turnSuite(backend);
  nounSuite(backend);
  textSuite(backend);
  credentialSuite(backend);
  usageSuite(backend);
  queueSuite(backend);
  upgradeSuite(backend, fill);
}

describe('SQLite', () => {
  conformance(
    { dialect: 'sqlite', fresh: async () => ({ file: join(temporaryFolder(), 'data', 'ash.db') }) },
    fillSqlite,
  );
});

const postgres = findPostgres();
if ('missing' in postgres) {
  console.warn(`The store's PostgreSQL suite is skipped: ${postgres.missing}`);
  describe('PostgreSQL', () => test.skip(postgres.missing));
} else {
  describe('PostgreSQL', () => {
    let cluster: PostgresCluster;
    beforeAll(async () => {
      cluster = await startPostgres();
    });
    afterAll(() => cluster[Symbol.asyncDispose]());

    const fresh = async () => ({ url: await cluster.createDatabase() });
    // First, while there are few databases: a restart takes longer with each.
    postgresSuite({ fresh, stop: (mode) => cluster.stop(mode), start: () => cluster.start() });
    conformance({ dialect: 'postgres', fresh }, fillPostgres);
  });
}
