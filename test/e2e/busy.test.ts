/** Several messages to one session: in order, refused or in place of the running one; and the same message twice. */
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { messagesOf, Reader, say, textOf, turnOf } from './streams.ts';

const use = useAsh();

test('two messages at once run one after the other, and each stream shows its own turn only', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const turn = (word: string) =>
    script({ tools: [{ name: 'Bash', input: { command: `echo ${word}` } }] }, `Said {{result}}.`);
  const both = await Promise.all(
    ['apple', 'pear'].map((word) => Reader.send(ash, id, turn(word), { includePartialMessages: true })),
  );
  const turns = await Promise.all(both.map((reader) => reader.turn()));
  expect(turns.map(({ status, text }) => [status, text])).toEqual([
    ['completed', 'Said apple.'],
    ['completed', 'Said pear.'],
  ]);
  for (const [index, word] of ['pear', 'apple'].entries()) {
    expect(JSON.stringify(messagesOf(turns[index]?.events ?? []))).not.toContain(word);
  }
  const log = ash.rows<{ type: string; turn: string }>(
    `select type, turn_id as turn from log_entries
     where session_id = ? and type in ('turn_accepted', 'turn_started', 'turn_ended') order by seq`,
    id,
  );
  const [first, second] = ash.rows<{ id: string }>('select id from turns where session_id = ? order by ordinal', id);
  expect(new Set([first?.id, second?.id])).toEqual(new Set(turns.map(({ turnId }) => turnId)));
  const order = log.filter(({ type }) => type !== 'turn_accepted').map(({ type, turn: of }) => [type, of]);
  expect(order).toEqual([
    ['turn_started', first?.id],
    ['turn_ended', first?.id],
    ['turn_started', second?.id],
    ['turn_ended', second?.id],
  ]);
});

test('of many messages at once, each stream shows its own turn only', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const words = Array.from({ length: 12 }, (_, index) => `word-${index}-`);
  const readers = await Promise.all(words.map((word) => Reader.send(ash, id, script(word))));
  const turns = await Promise.all(readers.map((reader) => reader.turn()));
  expect(turns.map(({ status, text }) => [status, text])).toEqual(words.map((word) => ['completed', word]));
  for (const [index, { events }] of turns.entries()) {
    expect(words.filter((word) => JSON.stringify(events).includes(word))).toEqual([words[index]]);
  }
});

test('whenBusy: reject answers 409 and changes nothing', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const held = ash.gate.hold('the slow one');
  const slow = await Reader.send(ash, id, script('the slow one'));
  await held.reached;
  const { lastSeq } = await ash.client.getSession(id);
  const refused = await ash.call('POST', `/api/sessions/${id}/messages`, {
    body: { content: 'Hello!', whenBusy: 'reject' },
  });
  expect(refused.status).toBe(409);
  expect(await refused.json()).toMatchObject({ statusCode: 409, code: 'session_busy' });
  expect(await ash.client.getSession(id)).toMatchObject({ lastSeq });
  held.open();
  expect(await slow.turn()).toMatchObject({ status: 'completed', text: 'the slow one' });
  expect(await say(ash, id, 'Hello!', { whenBusy: 'reject' })).toMatchObject({ status: 'completed' });
});

test('whenBusy: interrupt ends the running turn and runs the new one', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const held = ash.gate.hold('never said');
  const cut = await Reader.send(ash, id, script('never said'));
  await held.reached;
  const next = await say(ash, id, 'My name is Alice.', { whenBusy: 'interrupt' });
  expect(await cut.turn()).toMatchObject({ status: 'interrupted', text: '' });
  held.open();
  expect(next).toMatchObject({ status: 'completed', text: 'Nice to meet you, Alice.' });
  expect(await say(ash, id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
});

test('whenBusy: interrupt on an idle session just runs', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const turns = await Promise.all([say(ash, id, 'My name is Alice.', { whenBusy: 'interrupt' }), ash.client.health()]);
  expect(turns[0]).toMatchObject({ status: 'completed' });
});

test('a full queue refuses, and stopping the session ends every stream that waits', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const held = ash.gate.hold('the first of many');
  const running = await Reader.send(ash, id, script('the first of many'));
  await held.reached;
  const waiting = await Promise.all(
    Array.from({ length: 100 }, (_, index) => Reader.send(ash, id, script(`${index}`))),
  );
  const refused = await ash.call('POST', `/api/sessions/${id}/messages`, { body: { content: 'One more.' } });
  expect(refused.status).toBe(429);
  expect(await refused.json()).toMatchObject({ code: 'turn_queue_full' });
  await ash.client.stopSession(id);
  const turns = await Promise.all([running, ...waiting].map((reader) => reader.turn()));
  for (const turn of turns) {
    expect(turn).toMatchObject({ status: 'interrupted', error: { code: 'turn_interrupted' }, text: '' });
  }
  held.open();
  expect(ash.rows('select id from turns where session_id = ? and status = ?', id, 'interrupted')).toHaveLength(101);
  // Also of a turn that never ran, the end is known.
  const last = turns.at(-1);
  const after = last?.events.at(-1)?.id;
  const late = await Reader.follow(ash, id, { after, turnId: last?.turnId ?? '' });
  expect((await late.rest()).map(({ event }) => event)).toEqual(['error', 'done']);
});

test('the same message twice, at once and later, is one turn', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const sending = { idempotencyKey: 'once-only' };
  const content = script({ tools: [{ name: 'Bash', input: { command: 'echo mark >> marks' } }] }, 'Marked.');
  const readers = await Promise.all([Reader.send(ash, id, content, sending), Reader.send(ash, id, content, sending)]);
  const [first, second] = await Promise.all(readers.map((reader) => reader.turn()));
  expect(first).toMatchObject({ status: 'completed', text: 'Marked.' });
  expect(second?.events).toEqual(first?.events);
  const later = await say(ash, id, content, sending);
  expect(later.events).toEqual(first?.events);
  expect(ash.rows('select id from turns where session_id = ?', id)).toHaveLength(1);
  expect(
    await say(ash, id, script({ tools: [{ name: 'Bash', input: { command: 'cat marks' } }] }, '[{{result}}]')),
  ).toMatchObject({
    text: '[mark]',
  });
  const other = await ash.call('POST', `/api/sessions/${id}/messages`, {
    body: { content: 'Something else' },
    headers: { 'idempotency-key': 'once-only' },
  });
  expect(other.status).toBe(422);
  expect(await other.json()).toMatchObject({ code: 'idempotency_key_reused' });
});

test('a repeated message to a session that was stopped meanwhile gives the turn that it made', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  const first = await say(ash, id, 'My name is Alice.', { idempotencyKey: 'before-the-stop' });
  await ash.client.stopSession(id);
  const again = await Reader.send(ash, id, 'My name is Alice.', { idempotencyKey: 'before-the-stop' });
  expect(turnOf(await again.rest())).toEqual(first);
});

test('the same deployment twice is one version', async () => {
  const { ash } = use;
  const deploy = (content: string) =>
    ash.call('POST', '/api/agents', {
      body: { name: 'once', files: [{ path: 'CLAUDE.md', content: Buffer.from(content).toString('base64') }] },
      headers: { 'idempotency-key': 'one-deployment' },
    });
  const answers = [await deploy('# Once'), await deploy('# Once')];
  expect(answers.map(({ status }) => status)).toEqual([201, 201]);
  const [one, two] = await Promise.all(answers.map((answer) => answer.json()));
  expect(two).toEqual(one);
  expect(one).toMatchObject({ agent: { name: 'once', version: 1 } });
  expect((await deploy('# Something else')).status).toBe(422);
});

test('the same session twice is one session', async () => {
  const { ash } = use;
  const create = (body: object) =>
    ash.call('POST', '/api/sessions', { body, headers: { 'idempotency-key': 'one-session' } });
  const idOf = async (response: Response) => ((await response.json()) as { session: { id: string } }).session.id;
  const responses = await Promise.all([create({ agent: 'agent' }), create({ agent: 'agent' })]);
  expect(responses.map(({ status }) => status)).toEqual([201, 201]);
  const [id = '', ...others] = await Promise.all([...responses, await create({ agent: 'agent' })].map(idOf));
  expect(others).toEqual([id, id]);
  expect((await ash.client.listSessions()).filter((session) => session.id === id)).toHaveLength(1);
  const other = await create({ agent: 'agent', model: 'another' });
  expect(other.status).toBe(422);
  const elsewhere = await ash.call('POST', `/api/sessions/${id}/messages`, {
    body: { content: 'Hello!' },
    headers: { 'idempotency-key': 'one-session' },
  });
  expect(elsewhere.status).toBe(422);
  expect(textOf((await say(ash, id, 'Hello!')).events)).toContain('Hello');
});
