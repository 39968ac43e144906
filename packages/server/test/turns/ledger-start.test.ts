/** Which turn a ledger starts: the oldest that is queued and no other, also when it is asked before the turn is stored. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Log } from '../../src/log/log.ts';
import * as logStore from '../../src/store/log.ts';
import * as turnStore from '../../src/store/turns.ts';
import { Meter } from '../../src/telemetry/meter.ts';
import { Ledger } from '../../src/turns/ledger.ts';
import { opened } from '../store/backend.ts';
import { AT, newSession } from '../store/backend-rows.ts';

async function withLease() {
  const dir = await mkdtemp(join(tmpdir(), 'ash-ledger-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const store = await opened({ file: join(dir, 'ash.db') });
  const { id: sessionId } = await newSession(store);
  const { signal } = new AbortController();
  const ledger = new Ledger(sessionId, { store, log: new Log(store), meter: new Meter(), serverId: 'server' }, signal);
  await ledger.lease();
  const accept = (id: string) =>
    store.write((tx) =>
      turnStore.insertQueued(tx, { id, tenantId: 'default', sessionId, input: {}, acceptedSeq: 0, createdAt: AT }),
    );
  const started = async () =>
    (await logStore.read(store.db, { sessionId })).map(({ seq, type, turnId }) => [seq, type, turnId]);
  return { store, ledger, accept, started };
}

test('a turn that is stored by the write before is started, in the same commit', async () => {
  const { store, ledger, accept, started } = await withLease();
  const [, is] = await Promise.all([accept('turn'), ledger.start('turn')]);
  expect(is).toBe(true);
  expect(await started()).toEqual([[1, 'turn_started', 'turn']]);
  expect(await turnStore.get(store.db, 'turn')).toMatchObject({ status: 'running', startedSeq: 1 });
});

test('a turn that is not stored is not started, and leaves nothing in the log', async () => {
  const { ledger, started } = await withLease();
  expect(await ledger.start('turn')).toBe(false);
  expect(await started()).toEqual([]);
});

test('a turn does not go before one that was stored earlier, nor beside one that runs', async () => {
  const { ledger, accept, started } = await withLease();
  const [, , early] = await Promise.all([accept('first'), accept('second'), ledger.start('second')]);
  expect(early).toBe(false);
  expect(await ledger.start('first')).toBe(true);
  expect(await ledger.start('second')).toBe(false);
  expect(await started()).toEqual([[1, 'turn_started', 'first']]);
});
