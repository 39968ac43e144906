/** What a session's ledger writes when PostgreSQL has committed and the answer gets lost: once, and readers are told. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { LossyPostgres } from '../../../../test/conformance/lossy-postgres.ts';
import { findPostgres, type PostgresCluster, startPostgres } from '../../../../test/conformance/postgres.ts';
import { Log } from '../../src/log/log.ts';
import * as logStore from '../../src/store/log.ts';
import type { Store } from '../../src/store/open.ts';
import * as turnStore from '../../src/store/turns.ts';
import { Meter } from '../../src/telemetry/meter.ts';
import { Ledger } from '../../src/turns/ledger.ts';
import { opened } from '../store/backend.ts';
import { AT, newSession } from '../store/backend-rows.ts';

const found = findPostgres();
if ('missing' in found) console.warn(`The ledger over PostgreSQL is not tried: ${found.missing}`);

const completed = { outcome: 'completed' } as const;

describe.skipIf('missing' in found)('over a database whose answers to commits get lost', () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await startPostgres();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('start, note and end are written once', async () => {
    const { store, way, ledger, sessionId, heard } = await withTurn(cluster);

    way.loseNext();
    expect(await ledger.start('turn')).toBe(true);
    way.loseNext();
    await ledger.note([
      { type: 'message', turnId: 'turn', dataText: '{"type":"user","uuid":"brought-back"}' },
      { type: 'session', turnId: 'turn', dataText: '{"action":"sandbox_lost"}' },
    ]);
    way.loseNext();
    await ledger.end('turn', completed, [{ type: 'message', turnId: 'turn', dataText: '{"type":"result"}' }]);

    expect(way.lost).toBe(3);
    const entries = await logStore.read(store.db, { sessionId });
    const types = ['turn_started', 'message', 'session', 'message', 'turn_ended'];
    expect(entries.map(({ seq, type }) => [seq, type])).toEqual(types.map((type, index) => [index + 1, type]));
    expect(await turnStore.get(store.db, 'turn')).toMatchObject({ status: 'completed', startedSeq: 1, endedSeq: 5 });
    expect(await heard()).toEqual(types);
  });

  test('what was about to be committed, and was not, is written by the next attempt, at the same place', async () => {
    const { store, way, ledger, sessionId, heard } = await withTurn(cluster);
    way.stopNext();
    expect(await ledger.start('turn')).toBe(true);
    expect(await turnStore.get(store.db, 'turn')).toMatchObject({ status: 'running', startedSeq: 1 });
    way.stopNext();
    await ledger.note([{ type: 'session', turnId: 'turn', dataText: '{"action":"sandbox_lost"}' }]);
    way.stopNext();
    await ledger.end('turn', completed);

    expect(way.lost).toBe(3);
    const types = ['turn_started', 'session', 'turn_ended'];
    const entries = await logStore.read(store.db, { sessionId });
    expect(entries.map(({ seq, type }) => [seq, type])).toEqual(types.map((type, index) => [index + 1, type]));
    expect(await turnStore.get(store.db, 'turn')).toMatchObject({ status: 'completed', endedSeq: 3 });
    expect(await heard()).toEqual(types);
  });

  test('what did not get through is written later, and the same words said again are another entry', async () => {
    const { store, way, ledger, sessionId } = await withTurn(cluster);
    const note = { type: 'session', turnId: 'turn', dataText: '{"action":"sandbox_lost"}' } as const;
    await ledger.start('turn');
    await ledger.note([note]);
    await cluster.stop('immediate');
    const noted = ledger.note([note]);
    await cluster.start();
    await noted;
    way.loseNext();
    await ledger.note([note]);
    const entries = await logStore.read(store.db, { sessionId });
    expect(entries.map(({ type }) => type)).toEqual(['turn_started', 'session', 'session', 'session']);
  });
});

/** A ledger with a queued turn, and what a reader who was there from the beginning hears. */
async function withTurn(cluster: PostgresCluster) {
  const way = await LossyPostgres.to(await cluster.createDatabase());
  const store: Store = await opened({ url: way.url });
  onTestFinished(() => way[Symbol.asyncDispose]());
  const { id: sessionId } = await newSession(store);
  await store.write((tx) =>
    turnStore.insertQueued(tx, {
      ...{ id: 'turn', tenantId: 'default', sessionId, input: {}, acceptedSeq: 0, createdAt: AT },
    }),
  );
  const log = new Log(store);
  const left = new AbortController();
  onTestFinished(() => left.abort());
  const ledger = new Ledger(sessionId, { store, log, meter: new Meter(), serverId: 'server' }, left.signal);
  await ledger.lease();
  const items = await log.follow('default', sessionId, {
    ...{ cursor: { seq: 0, previews: 0 }, previews: false, signal: left.signal },
  });
  const types = (async () => {
    const seen: string[] = [];
    for await (const batch of items) {
      for (const { item } of batch.items) if (item.kind === 'entry') seen.push(item.type);
      if (seen.at(-1) === 'turn_ended') break;
    }
    return seen;
  })();
  return { store, way, ledger, sessionId, heard: () => types };
}
