/** The worker on a real database: attempts, backoff, leases. */
import { errors, newId } from '@ash-ai/shared';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { findPostgres, type PostgresCluster, startPostgres } from '../../../../test/conformance/postgres.ts';
import { until } from '../../../../test/e2e/harness.ts';
import { QueueWorker, type WorkerOptions } from '../../src/queue/worker.ts';
import { openStore, type Store } from '../../src/store/open.ts';
import * as queueStore from '../../src/store/queue.ts';
import { opened, temporaryFolder } from '../store/backend.ts';
import { upTo } from '../store/backend-rows.ts';
import { FixtureRooms } from './rooms.ts';

const completed = { outcome: 'completed' } as const;
const failed = { outcome: 'failed', failure: { code: 'model_failed', error: 'no luck' } } as const;

/** A clock that stands still until it is moved. */
class Clock {
  ms = Date.UTC(2026, 0, 1);
  now(): number {
    return this.ms;
  }
  at(inMs: number): string {
    return new Date(Date.UTC(2026, 0, 1) + inMs).toISOString();
  }
}

interface Bench {
  store: Store;
  clock: Clock;
  rooms: FixtureRooms;
  worker: QueueWorker;
}

/** A started worker. It looks at the queue when it is nudged, and by itself only after an hour. */
async function bench(given: Partial<Bench> = {}, options: Partial<WorkerOptions> = {}): Promise<Bench> {
  const store = given.store ?? (await opened({ file: `${temporaryFolder()}/ash.db` }));
  const clock = given.clock ?? new Clock();
  const rooms = given.rooms ?? new FixtureRooms();
  const { sessions, turns, log } = rooms;
  const worker = new QueueWorker(
    { store, sessions, turns, log, logger: pino({ level: 'silent' }), recover: (id) => rooms.recover(id) },
    { concurrency: 4, pollMs: 3_600_000, leaseMs: 3_600_000, clock, ...options },
  );
  onTestFinished(() => worker[Symbol.asyncDispose]());
  await worker.start();
  return { store, clock, rooms, worker };
}

async function enqueue(store: Store, fields: { maxRetries?: number; sessionId?: string; prompt?: string } = {}) {
  const item = { tenantId: 't', sessionId: null, agentName: 'a', prompt: 'p', priority: 0, maxRetries: 3 };
  const at = new Date(Date.UTC(2026, 0, 1)).toISOString();
  return await store.write((tx) => queueStore.insert(tx, { ...item, ...fields, id: newId(), createdAt: at }));
}

/** Awaits a state of an item. */
async function become(store: Store, id: string, status: string, retryCount = 0): Promise<queueStore.QueueItemRow> {
  let item: queueStore.QueueItemRow | undefined;
  await until(async () => {
    item = await queueStore.get(store.db, 't', id);
    return item?.status === status && item.retryCount >= retryCount;
  });
  if (item === undefined) throw new Error('no such item');
  return item;
}

describe('attempts', () => {
  test('a completed turn completes the item, which says where the results are', async () => {
    const { store, rooms, worker, clock } = await bench();
    const { id } = await enqueue(store, { prompt: 'go \0' });
    worker.nudge();
    const turn = await rooms.turn(1);
    expect(turn.prompt).toBe('go \0');
    expect(await become(store, id, 'processing')).toMatchObject({ startedAt: clock.at(0), completedAt: null });
    clock.ms += 1500;
    turn.end(completed);
    expect(await become(store, id, 'completed')).toMatchObject({
      sessionId: turn.sessionId,
      turnId: turn.turnId,
      error: null,
      retryCount: 0,
      claimedBy: null,
      leaseUntil: null,
      completedAt: clock.at(1500),
    });
  });

  test('a failed one is tried again after 5 and 10 seconds, in the same session, and then no more', async () => {
    const { store, rooms, worker, clock } = await bench();
    const { id } = await enqueue(store);
    worker.nudge();
    (await rooms.turn(1)).end(failed);
    expect(await become(store, id, 'pending', 1)).toMatchObject({ error: 'no luck', retryAfter: clock.at(5_000) });
    clock.ms += 4_999;
    worker.nudge();
    // An item that is due overtakes nothing that is not.
    const other = await enqueue(store);
    worker.nudge();
    (await rooms.turn(2)).end(completed);
    await become(store, other.id, 'completed');
    clock.ms += 1;
    worker.nudge();
    (await rooms.turn(3)).end(failed);
    expect(await become(store, id, 'pending', 2)).toMatchObject({ retryAfter: clock.at(15_000) });
    clock.ms += 10_000;
    worker.nudge();
    (await rooms.turn(4)).end(failed);
    expect(await become(store, id, 'failed', 3)).toMatchObject({ completedAt: clock.at(15_000), error: 'no luck' });
    const mine = rooms.turnsStarted.filter(({ key }) => key.includes(id));
    expect(mine.map(({ key }) => key)).toEqual([1, 2, 3].map((n) => `queue:${id}:${n}`));
    expect(new Set(mine.map(({ sessionId }) => sessionId)).size).toBe(1);
  });

  test('what refuses the attempt fails it: with its reason when it is expected, without when it is a bug', async () => {
    const { store, rooms, worker } = await bench();
    rooms.refusal = errors.agent_not_found({ agent: 'a' });
    const one = await enqueue(store, { maxRetries: 0 });
    worker.nudge();
    expect(await become(store, one.id, 'failed')).toMatchObject({ error: 'Agent "a" not found', sessionId: null });
    rooms.refusal = new Error('secret detail');
    const two = await enqueue(store, { maxRetries: 1 });
    worker.nudge();
    expect(await become(store, two.id, 'failed')).toMatchObject({ error: 'Internal server error', retryCount: 1 });
  });

  test('who interrupts the turn ends the item', async () => {
    const { store, rooms, worker } = await bench();
    const { id } = await enqueue(store);
    worker.nudge();
    (await rooms.turn(1)).end({ outcome: 'interrupted' });
    expect(await become(store, id, 'failed')).toMatchObject({ error: 'The turn was interrupted', retryCount: 1 });
  });

  test('so many at once, and one of each session', async () => {
    const { store, rooms, worker } = await bench({}, { concurrency: 2 });
    for (const sessionId of ['s', 's']) await enqueue(store, { sessionId });
    for (const _ of upTo(2)) await enqueue(store);
    worker.nudge();
    const first = await rooms.turn(2);
    expect(await queueStore.countByStatus(store.db)).toMatchObject({ processing: 2, pending: 2 });
    expect(rooms.turnsStarted.filter(({ sessionId }) => sessionId === 's')).toHaveLength(1);
    first.end(completed);
    await rooms.turn(3);
    expect(rooms.turnsStarted.filter(({ sessionId }) => sessionId === 's')).toHaveLength(1);
    for (const n of upTo(4)) (await rooms.turn(n + 1)).end(completed);
    await until(async () => (await queueStore.countByStatus(store.db)).completed === 4);
  });

  test('a paused worker takes nothing more, and ends what it has', async () => {
    const { store, rooms, worker } = await bench({}, { concurrency: 1 });
    const { id } = await enqueue(store);
    worker.nudge();
    const turn = await rooms.turn(1);
    await enqueue(store);
    worker.pause();
    turn.end(completed);
    await become(store, id, 'completed');
    expect(await queueStore.countByStatus(store.db)).toMatchObject({ pending: 1, processing: 0 });
  });
});

describe('a server that stops or dies', () => {
  test('leaves its item to the next one, which goes on with the same turn', async () => {
    const first = await bench();
    const { store, rooms } = first;
    const { id } = await enqueue(store);
    first.worker.nudge();
    const turn = await rooms.turn(1);
    await become(store, id, 'processing');
    await first.worker[Symbol.asyncDispose]();
    expect((await queueStore.get(store.db, 't', id))?.status).toBe('processing');
    await bench({ store, rooms });
    turn.end(completed);
    expect(await become(store, id, 'completed')).toMatchObject({ turnId: turn.turnId, retryCount: 0 });
    expect(rooms.turnsStarted).toHaveLength(1);
    expect(rooms.sessionCount).toBe(1);
    expect(rooms.recovered).toEqual([turn.sessionId]);
  });

  test.each([
    ['before the session was noted', undefined],
    ['before the turn was noted', 'known'],
  ])('died %s: nothing is made twice', async (_, noted) => {
    const { store, rooms } = await bench();
    const { id } = await enqueue(store);
    await store.write((tx) => queueStore.claim(tx, { holder: 'dead', at: '2027', leaseUntil: '2999' }));
    const made = noted ?? (await rooms.sessions.create('t', { agent: 'a' }, `queue:${id}`)).id;
    const patch = { sessionId: noted ?? null };
    await store.write((tx) => queueStore.update(tx, { id, holder: 'dead', patch }));
    const input = { content: 'p', options: {}, whenBusy: 'queue' as const };
    const { turnId } = await rooms.turns.start('t', made, input, `queue:${id}:1`);
    await bench({ store, rooms });
    (await rooms.turn(1)).end(completed);
    expect(await become(store, id, 'completed')).toMatchObject({ sessionId: made, turnId });
    expect(rooms.turnsStarted).toHaveLength(1);
    expect(rooms.sessionCount).toBe(noted === undefined ? 1 : 0);
  });

  test('a turn that waits for longer than keys of idempotency are kept is not started again', async () => {
    const first = await bench();
    const { store, rooms } = first;
    const { id } = await enqueue(store);
    first.worker.nudge();
    const turn = await rooms.turn(1);
    await until(async () => (await queueStore.get(store.db, 't', id))?.turnId === turn.turnId);
    await first.worker[Symbol.asyncDispose]();
    rooms.forgetKeys();
    await bench({ store, rooms });
    turn.end(failed);
    // The next attempt is another turn of the same session.
    const { retryAfter } = await become(store, id, 'pending', 1);
    const clock = new Clock();
    clock.ms = Date.parse(retryAfter ?? '');
    await bench({ store, rooms, clock });
    (await rooms.turn(2)).end(completed);
    expect(await become(store, id, 'completed', 1)).toMatchObject({ sessionId: turn.sessionId });
    expect(rooms.turnsStarted).toHaveLength(2);
    expect(rooms.recovered).toEqual([turn.sessionId]);
  });

  test('a turn that has ended meanwhile ends the item', async () => {
    const { store, rooms } = await bench();
    const { id } = await enqueue(store);
    await store.write((tx) => queueStore.claim(tx, { holder: 'dead', at: '2027', leaseUntil: '2999' }));
    const input = { content: 'p', options: {}, whenBusy: 'queue' as const };
    const { turnId } = await rooms.turns.start('t', 's', input, `queue:${id}:1`);
    (await rooms.turn(1)).end(failed);
    const patch = { sessionId: 's', turnId };
    await store.write((tx) => queueStore.update(tx, { id, holder: 'dead', patch }));
    await bench({ store, rooms });
    expect(await become(store, id, 'pending', 1)).toMatchObject({ error: 'no luck' });
  });
});

const postgres = findPostgres();
describe.skipIf('missing' in postgres)('two servers on one PostgreSQL', () => {
  let cluster: PostgresCluster;
  beforeAll(async () => {
    cluster = await startPostgres();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test('never run one item twice', async () => {
    const url = await cluster.createDatabase();
    const rooms = new FixtureRooms();
    const [one, two] = [await openStore({ url }), await openStore({ url })];
    onTestFinished(async () => {
      await one[Symbol.asyncDispose]();
      await two[Symbol.asyncDispose]();
    });
    for (const _ of upTo(20)) await enqueue(one);
    const workers = [await bench({ store: one, rooms }), await bench({ store: two, rooms })];
    for (const n of upTo(20)) (await rooms.turn(n + 1)).end(completed);
    await until(async () => (await queueStore.countByStatus(one.db)).completed === 20);
    expect(new Set(rooms.turnsStarted.map(({ key }) => key)).size).toBe(20);
    expect(rooms.turnsStarted).toHaveLength(20);
    for (const { worker } of workers) await worker[Symbol.asyncDispose]();
  });

  test('an item goes to the other server only when its lease has run out, and its old holder lets go', async () => {
    const url = await cluster.createDatabase();
    const store = await opened({ url });
    const clock = new Clock();
    const rooms = new FixtureRooms();
    // Its leases are renewed every hour only: to the others it looks dead.
    const dead = await bench({ store, rooms, clock });
    const { id } = await enqueue(store);
    dead.worker.nudge();
    const turn = await rooms.turn(1);
    await become(store, id, 'processing');
    const alive = await bench({ store, rooms, clock });
    await enqueue(store);
    alive.worker.nudge();
    await rooms.turn(2);
    expect(rooms.recovered).toEqual([]);
    clock.ms += 3_600_001;
    alive.worker.nudge();
    await until(() => rooms.recovered.length > 0);
    turn.end(completed);
    expect(await become(store, id, 'completed')).toMatchObject({ turnId: turn.turnId });
    (await rooms.turn(2)).end(completed);
    expect(rooms.turnsStarted).toHaveLength(2);
  });
});
