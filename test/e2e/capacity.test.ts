/** More messages than sandboxes: they wait in a line that is fair to tenants, see their place, and not for ever. */
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { Reader, say } from './streams.ts';

const use = useAsh({ env: { ASH_MAX_SANDBOXES: '1' } });

/** Sessions that wait for a sandbox. */
async function waiting(count: number): Promise<void> {
  await until(async () => {
    const text = await (await use.ash.call('GET', '/metrics')).text();
    return text.includes(`\nash_sessions_waiting ${count}\n`);
  });
}

/** A session of another tenant, which has the agent too. */
async function theirs(tenant: string): Promise<{ id: string; key: string }> {
  const { ash } = use;
  const key = ash.keyOf(tenant);
  const content = Buffer.from('# Theirs\n').toString('base64');
  await ash.call('POST', '/api/agents', { key, body: { name: 'agent', files: [{ path: 'CLAUDE.md', content }] } });
  const made = await ash.call('POST', '/api/sessions', { key, body: { agent: 'agent' } });
  const { session } = (await made.json()) as { session: { id: string } };
  return { id: session.id, key };
}

test('tenants take turns, and whoever waits is told the place', async () => {
  const { ash } = use;
  const busy = await ash.session();
  const held = ash.gate.hold('busy');
  const first = await Reader.send(ash, busy.id, 'busy');
  await held.reached;
  const mine = [await ash.session(), await ash.session(), await ash.session()];
  const other = await theirs('another');
  const turns: Promise<unknown>[] = [];
  for (const [index, { id }] of mine.entries()) {
    turns.push(say(ash, id, `turn ${index} of mine`));
    await waiting(index + 1);
  }
  const reply = await ash.call('POST', `/api/sessions/${other.id}/messages`, {
    key: other.key,
    body: { content: 'turn of theirs' },
  });
  await waiting(4);
  const chunks = reply.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('place 2 in the line')) text += (await chunks?.read())?.value ?? '';
  held.open();
  expect(await first.turn()).toMatchObject({ status: 'completed' });
  for (const turn of await Promise.all(turns)) expect(turn).toMatchObject({ status: 'completed' });
  for (let part = await chunks?.read(); part?.done === false; part = await chunks?.read()) text += part.value;
  expect(text).toContain('"status":"completed"');
  const order = ['turn 0 of mine', 'turn of theirs', 'turn 1 of mine', 'turn 2 of mine'];
  const asked = order.map((prompt) => ash.gate.requests.indexOf(ash.gate.of(prompt)[0] as never));
  expect(asked).toEqual([...asked].sort((a, b) => a - b));
});

test('a turn that finds no place in time fails, and says so; the session goes on', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ ASH_MAX_SANDBOXES: '1', ASH_CAPACITY_WAIT_MS: '300', ASH_MAX_WAITING: '1' });
  const busy = await ash.session();
  const other = await ash.session();
  const held = ash.gate.hold('busy again');
  const first = await Reader.send(ash, busy.id, 'busy again');
  await held.reached;
  expect(await say(ash, other.id, 'Hello')).toMatchObject({ status: 'failed', error: { code: 'capacity_reached' } });
  held.open();
  await first.turn();
  // On a busy machine it may take longer to fall asleep than one may wait here.
  await ash.client.endSession(busy.id);
  expect(await say(ash, other.id, 'Hello')).toMatchObject({ status: 'completed' });
});

test('a message is refused before it is accepted when too many wait', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ ASH_MAX_SANDBOXES: '1', ASH_MAX_WAITING: '1' });
  const busy = await ash.session();
  const held = ash.gate.hold('busy for long');
  const first = await Reader.send(ash, busy.id, 'busy for long');
  await held.reached;
  const [second, third] = [await ash.session(), await ash.session()];
  const waits = say(ash, second.id, 'I wait');
  await waiting(1);
  const refused = await ash.call('POST', `/api/sessions/${third.id}/messages`, { body: { content: 'Me too' } });
  expect(refused.status).toBe(503);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ code: 'capacity_reached' });
  expect((await ash.client.listMessages(third.id)).length).toBe(0);
  // Whoever has a sandbox is not in anybody's way.
  held.open();
  await first.turn();
  expect(await waits).toMatchObject({ status: 'completed' });
});

test('who opens the stream of a sleeping session wakes it; of a paused one not', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({});
  const { id } = await ash.session();
  await say(ash, id, 'My name is Alice.');
  await ash.stop('SIGINT');
  await ash.start();
  expect((await ash.client.health()).activeSandboxes).toBe(0);
  const reader = await Reader.follow(ash, id);
  await until(async () => (await ash.client.health()).activeSandboxes === 1);
  await reader.leave();
  expect(await say(ash, id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
  await ash.client.pauseSession(id);
  const again = await Reader.follow(ash, id);
  expect((await ash.client.health()).activeSandboxes).toBe(0);
  await again.leave();
});

test('a session that is paused while it works goes to sleep at the end of its turn', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({});
  const { id } = await ash.session();
  const held = ash.gate.hold('at work');
  const turn = await Reader.send(ash, id, 'at work');
  await held.reached;
  await ash.client.pauseSession(id);
  expect((await ash.client.health()).activeSandboxes).toBe(1);
  held.open();
  expect(await turn.turn()).toMatchObject({ status: 'completed' });
  await until(async () => (await ash.client.health()).activeSandboxes === 0);
});

test('idle sessions go to sleep by themselves, the rest does not', async () => {
  const { ash } = use;
  await ash.stop('SIGINT');
  await ash.start({ ASH_IDLE_TIMEOUT_MS: '200' });
  const [idle, busy] = [await ash.session(), await ash.session()];
  await say(ash, idle.id, 'Hello');
  const held = ash.gate.hold('not idle');
  const turn = await Reader.send(ash, busy.id, 'not idle');
  await held.reached;
  await until(async () => (await ash.client.health()).activeSandboxes === 1);
  held.open();
  expect(await turn.turn()).toMatchObject({ status: 'completed' });
  await until(async () => (await ash.client.health()).activeSandboxes === 0);
});
