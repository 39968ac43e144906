/** The main path over PostgreSQL: a turn with a tool, a client that comes back, kill -9 and restart. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LossyPostgres } from '../conformance/lossy-postgres.ts';
import { findPostgres, type PostgresCluster, startPostgres } from '../conformance/postgres.ts';
import { Ash, until } from './harness.ts';
import { deltasOf, Reader, say, turnOf, wholeItems } from './streams.ts';
import { ToolGate } from './tool-gate.ts';

const found = findPostgres();
if ('missing' in found) console.warn(`PostgreSQL is not tried: ${found.missing}`);

describe.skipIf('missing' in found)('with ASH_DATABASE_URL', () => {
  let cluster: PostgresCluster;
  let way: LossyPostgres;
  let ash: Ash;
  beforeAll(async () => {
    cluster = await startPostgres();
    way = await LossyPostgres.to(await cluster.createDatabase());
    ash = await Ash.start({ env: { ASH_DATABASE_URL: way.url } });
  });
  afterAll(async () => {
    await ash?.[Symbol.asyncDispose]();
    await way?.[Symbol.asyncDispose]();
    await cluster?.[Symbol.asyncDispose]();
  });

  test('a conversation, its messages and its events', async () => {
    const { id } = await ash.session();
    const content = script({ tools: [{ name: 'Bash', input: { command: 'echo mark' } }] }, 'My word: {{result}}');
    const turn = await say(ash, id, content, { includePartialMessages: true });
    expect(turn).toMatchObject({ status: 'completed', text: 'My word: mark' });
    expect(deltasOf(turn.events)).toBe('My word: mark');
    const messages = await ash.client.listMessages(id);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'assistant', 'assistant']);
    const types = (await ash.client.listSessionEvents(id)).map(({ type }) => type);
    expect(types).toEqual(['lifecycle', 'message', 'tool_start', 'tool_result', 'text', 'turn_complete']);
  });

  test('kill -9 in the middle of a turn', async () => {
    const { id } = await ash.session();
    await say(ash, id, 'My name is Alice.');
    const gate = new ToolGate(ash, id);
    const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, '{{result}}'));
    await gate.running();
    const second = await Reader.send(ash, id, 'What is my name?', { idempotencyKey: 'asked-once' });
    await second.until(({ event }) => event === 'session_start');
    await ash.kill();
    await ash.start();
    await gate.open();
    await reader.rest();
    const { turnId } = reader.events[0]?.data ?? {};
    const again = await Reader.follow(ash, id, { after: reader.cursor, turnId });
    const turn = turnOf([...wholeItems(reader.events).flat(), ...(await again.rest())]);
    expect(turn).toMatchObject({ status: 'completed', text: 'begun\nended' });
    expect(gate.marks).toBe('begun\nended\n');
    expect(await say(ash, id, 'What is my name?', { idempotencyKey: 'asked-once' })).toMatchObject({
      turnId: second.events[0]?.data.turnId,
      text: 'Your name is Alice.',
    });
    const { lastSeq } = await ash.client.getSession(id);
    const all = await Reader.follow(ash, id);
    await all.until((event) => event.id === String(lastSeq));
    await all.leave();
    expect(wholeItems(all.events).map((item) => Number(item.at(-1)?.id))).toEqual(
      Array.from({ length: lastSeq }, (_, index) => index + 1),
    );
  });

  test('the database goes away in the middle of a turn: the turn waits for it', async () => {
    const { id } = await ash.session();
    await say(ash, id, 'My name is Alice.');
    const gate = new ToolGate(ash, id);
    const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, '{{result}}'));
    await gate.running();
    await cluster.stop('immediate');
    await gate.open();
    await cluster.start();
    expect(await reader.turn()).toMatchObject({ status: 'completed', text: 'begun\nended' });
    expect(await say(ash, id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
  });

  test('the database is away when a message comes: it is refused in words that say so, and taken when it is back', async () => {
    const { id } = await ash.session();
    await cluster.stop('immediate');
    const response = await ash.call('POST', `/api/sessions/${id}/messages`, { body: { content: 'My name is Alice.' } });
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: 'storage_unavailable' });
    await cluster.start();
    expect(await say(ash, id, 'My name is Alice.')).toMatchObject({ status: 'completed' });
  });

  test('the answer to the commit of a message gets lost: it is run all the same, and sent again it is the same turn', async () => {
    const { id } = await ash.session();
    await say(ash, id, 'My name is Alice.');
    const { lastSeq } = await ash.client.getSession(id);
    const words = 'What is my name? Nobody will hear that this was taken.';
    way.loseNext(words);
    const response = await ash.call('POST', `/api/sessions/${id}/messages`, {
      body: { content: words },
      headers: { 'idempotency-key': 'lost-once' },
    });
    expect([response.status, way.lost]).toEqual([503, 1]);
    const reader = await Reader.follow(ash, id, { after: String(lastSeq) });
    const done = await reader.until(({ event }) => event === 'done');
    await reader.leave();
    const again = await say(ash, id, words, { idempotencyKey: 'lost-once' });
    expect(again).toMatchObject({ turnId: done.data.turnId, status: 'completed', text: 'Your name is Alice.' });
    expect(ash.gate.of(words)).toHaveLength(1);
  });

  test('restarted twice under load: every turn runs once, and every log is whole', async () => {
    const marks = (n: number) => `echo m${n} >> marks; sleep 0.2; cat marks`;
    const steps = [1, 2, 3, 4].map((n) => ({ tools: [{ name: 'Bash', input: { command: marks(n) } }] }));
    const sessions = await Promise.all([1, 2, 3].map(() => ash.session()));
    const turns = sessions.map(async ({ id }) => {
      const reader = await Reader.send(ash, id, script(...steps, '{{result}}'));
      let { events } = reader;
      await reader.rest();
      // While the database is away a stream may end with the hint to come back.
      while (!events.some(({ event }) => event === 'done')) {
        const { turnId } = events[0]?.data ?? {};
        const cursor = events.findLast(({ id: at }) => at !== undefined)?.id;
        const again = await Reader.follow(ash, id, { after: cursor, turnId });
        events = [...wholeItems(events).flat(), ...(await again.rest())];
      }
      return turnOf(events);
    });
    const begun = ({ id }: { id: string }) => existsSync(join(ash.workspace(id), 'marks'));
    await until(() => sessions.some(begun));
    await cluster.stop('immediate');
    await cluster.start();
    await until(() => sessions.every(begun));
    await cluster.stop('fast');
    await cluster.start();
    for (const turn of await Promise.all(turns))
      expect(turn).toMatchObject({ status: 'completed', text: 'm1\nm2\nm3\nm4' });
    for (const { id } of sessions) {
      expect(readFileSync(join(ash.workspace(id), 'marks'), 'utf8')).toBe('m1\nm2\nm3\nm4\n');
      const { lastSeq } = await ash.client.getSession(id);
      const all = await Reader.follow(ash, id);
      await all.until((event) => event.id === String(lastSeq));
      await all.leave();
      const seqs = wholeItems(all.events).map((item) => Number(item.at(-1)?.id));
      expect(seqs).toEqual(Array.from({ length: lastSeq }, (_, index) => index + 1));
    }
  });
});
