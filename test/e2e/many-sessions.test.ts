/** Twenty sessions at once, each a turn with a tool: all complete, none sees anything of another. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { messagesOf, Reader, say } from './streams.ts';

const use = useAsh();
const count = 20;

test(`${count} sessions at once, each a turn with a tool call`, { timeout: 300_000 }, async () => {
  const { ash } = use;
  const markers = Array.from({ length: count }, (_, index) => `marker-${index}-${crypto.randomUUID()}`);
  const turns = await Promise.all(
    markers.map(async (marker) => {
      const { id } = await ash.session();
      // What is in a place that all would share if nothing kept them apart.
      const command = `echo ${marker} >> marks; echo ${marker} >> /tmp/marks; cat marks /tmp/marks`;
      const content = script({ tools: [{ name: 'Bash', input: { command } }] }, '{{result}}');
      return { id, marker, turn: await say(ash, id, content, { includePartialMessages: true }) };
    }),
  );
  for (const { id, marker, turn } of turns) {
    expect(turn).toMatchObject({ status: 'completed', text: `${marker}\n${marker}`, error: undefined });
    const seen = JSON.stringify(messagesOf(turn.events));
    expect(markers.filter((other) => seen.includes(other))).toEqual([marker]);
    expect(readFileSync(join(ash.workspace(id), 'marks'), 'utf8')).toBe(`${marker}\n`);
    const stored = ash.rows<{ seq: number; data: string }>(
      'select seq, data from log_entries where session_id = ? order by seq',
      id,
    );
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    expect(markers.filter((other) => JSON.stringify(stored).includes(other))).toEqual([marker]);
  }
  const asked = ash.gate.of('marker-').map(({ headers, body }) => {
    const ids = markers.filter((marker) => JSON.stringify(body).includes(marker));
    return [headers['x-claude-code-session-id'], ids.length] as const;
  });
  // Each session asked the model twice, with its own marker only.
  expect(asked.map(([, ids]) => ids)).toEqual(Array.from({ length: 2 * count }, () => 1));
  expect(new Set(asked.map(([session]) => session))).toEqual(new Set(turns.map(({ id }) => id)));
});

test('more sessions than may be awake: those that are idle make room', { timeout: 120_000 }, async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ ASH_MAX_SANDBOXES: '2' });
  const sessions = await Promise.all([0, 1, 2, 3].map(() => ash.session()));
  const names = ['Alice', 'Bob', 'Carol', 'Dave'];
  const met = await Promise.all(sessions.map(({ id }, index) => say(ash, id, `My name is ${names[index]}.`)));
  expect(met.map(({ text }) => text)).toEqual(names.map((name) => `Nice to meet you, ${name}.`));
  expect((await ash.client.health()).activeSandboxes).toBeLessThanOrEqual(2);
  const known = await Promise.all(sessions.map(({ id }) => say(ash, id, 'What is my name?')));
  expect(known.map(({ text }) => text)).toEqual(names.map((name) => `Your name is ${name}.`));
});

test('a server that is told to stop while a session waits for a place', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ ASH_MAX_SANDBOXES: '1' });
  const held = ash.gate.hold('takes the only place');
  const first = await Reader.send(ash, (await ash.session()).id, script('takes the only place'));
  await held.reached;
  const { id } = await ash.session();
  const second = await Reader.send(ash, id, 'Hello!');
  const { turnId } = (await second.until(({ event }) => event === 'session_start')).data;
  await until(() => ash.rows('select id from turns where id = ? and status = ?', turnId, 'running').length === 1);
  expect(await ash.stop('SIGTERM')).toBe(0);
  await ash.start({});
  held.open();
  const again = await Reader.follow(ash, id, { after: second.cursor, turnId });
  expect((await again.rest()).at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
  await first.leave();
});
