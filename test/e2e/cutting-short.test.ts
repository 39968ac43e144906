/** Turns that are cut short on purpose: interrupt leaves the session as it is, stop can be resumed from, end is the end. */
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { type Ash, until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { deltasOf, messagesOf, Reader, say } from './streams.ts';
import { ToolGate } from './tool-gate.ts';

const use = useAsh();

async function introduced(ash: Ash): Promise<string> {
  const { id } = await ash.session();
  expect((await say(ash, id, 'My name is Alice.')).status).toBe('completed');
  return id;
}

async function expectGoesOn(ash: Ash, sessionId: string): Promise<void> {
  expect(await say(ash, sessionId, 'What is my name?')).toMatchObject({
    status: 'completed',
    text: 'Your name is Alice.',
  });
}

describe('interrupt', () => {
  test('during a tool call: the tool is killed, the session goes on in its sandbox', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const gate = new ToolGate(ash, id);
    const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, 'never said'));
    const { turnId } = (await reader.until(({ event }) => event === 'session_start')).data;
    await gate.running();
    const runtime = ash.runtimePid(id);
    expect(await ash.client.interruptSession(id)).toEqual({ interrupted: true, turnId });
    expect(await reader.turn()).toMatchObject({ status: 'interrupted', text: '' });
    await until(() => !processesOf(`${ash.dataDir}/sandboxes/${id}`).some(({ command }) => command.startsWith('cat ')));
    expect(gate.marks).toBe('begun\n');
    await expectGoesOn(ash, id);
    expect(ash.runtimePid(id)).toBe(runtime);
  });

  test('while the model is thinking', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('never answered');
    const reader = await Reader.send(ash, id, script('never answered'));
    await held.reached;
    expect(await ash.client.interruptSession(id)).toMatchObject({ interrupted: true });
    expect(await reader.turn()).toMatchObject({ status: 'interrupted', text: '' });
    held.open();
    await expectGoesOn(ash, id);
  });

  test('in the middle of the text: what was said is kept', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const content = script({ text: 'This much was said, and this was not.', chunk: 5, faults: [{ hang: 4 }] });
    const reader = await Reader.send(ash, id, content, { includePartialMessages: true });
    await reader.until(() => deltasOf(reader.events) === 'This much was said, ');
    expect(await ash.client.interruptSession(id)).toMatchObject({ interrupted: true });
    expect(await reader.turn()).toMatchObject({ status: 'interrupted' });
    await expectGoesOn(ash, id);
  });

  test('at once after the message was taken: the turn never comes to anything, the sandbox lives on', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const runtime = ash.runtimePid(id);
    // Where the interrupt meets the turn is chance: before it has started, on its way to the runtime, or there.
    for (let attempt = 1; attempt <= 10; attempt += 1) {
      const held = ash.gate.hold('too late');
      const reader = await Reader.send(ash, id, script('too late'));
      await until(async () => (await ash.client.interruptSession(id)).interrupted);
      expect(await reader.turn()).toMatchObject({ status: 'interrupted', text: '' });
      held.open();
    }
    expect(ash.runtimePid(id)).toBe(runtime);
    await expectGoesOn(ash, id);
  });

  test('while the sandbox is coming up', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    await ash.client.pauseSession(id);
    await ash.client.resumeSession(id);
    const reader = await Reader.send(ash, id, script('too late'));
    await until(async () => (await ash.client.interruptSession(id)).interrupted);
    expect(await reader.turn()).toMatchObject({ status: 'interrupted', text: '' });
    await expectGoesOn(ash, id);
  });

  test('with nothing to interrupt', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    expect(await ash.client.interruptSession(id)).toEqual({ interrupted: false, turnId: null });
    await expectGoesOn(ash, id);
  });

  test('lets a message that waits go next', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('never answered');
    const reader = await Reader.send(ash, id, script('never answered'));
    await held.reached;
    const next = await Reader.send(ash, id, 'What is my name?');
    await ash.client.interruptSession(id);
    expect(await reader.turn()).toMatchObject({ status: 'interrupted' });
    expect(await next.turn()).toMatchObject({ status: 'completed', text: 'Your name is Alice.' });
    held.open();
  });

  test('of a turn that a killed server left, by the next server', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const held = ash.gate.hold('never answered');
    const reader = await Reader.send(ash, id, script('never answered'));
    const { turnId } = (await reader.until(({ event }) => event === 'session_start')).data;
    await held.reached;
    await ash.kill();
    await ash.start();
    expect(await ash.client.interruptSession(id)).toEqual({ interrupted: true, turnId });
    const again = await Reader.follow(ash, id, { after: reader.cursor, turnId });
    expect((await again.rest()).at(-1)).toMatchObject({ event: 'done', data: { status: 'interrupted' } });
    held.open();
    await expectGoesOn(ash, id);
  });
});

describe.each([
  ['stop', 'stopped'],
  ['end', 'ended'],
] as const)('%s', (what, status) => {
  const cut = (ash: Ash, id: string) => (what === 'stop' ? ash.client.stopSession(id) : ash.client.endSession(id));

  test('in the middle of a turn: error and done at once, and all processes are gone', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const gate = new ToolGate(ash, id);
    const running = await Reader.send(ash, id, script({ tools: [gate.tool] }, 'never said'));
    await gate.running();
    const waiting = await Reader.send(ash, id, script('never said either'));
    expect(await cut(ash, id)).toMatchObject({ id, status });
    expect(processesOf(`${ash.dataDir}/sandboxes/${id}`)).toEqual([]);
    for (const reader of [running, waiting]) {
      expect(await reader.turn()).toMatchObject({
        status: 'interrupted',
        error: { code: 'turn_interrupted' },
        text: '',
      });
    }
    expect(messagesOf(waiting.events)).toEqual([]);
    const refused = await ash.call('POST', `/api/sessions/${id}/messages`, { body: { content: 'Hello?' } });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ code: 'session_not_active', error: `Session is ${status}` });
    expect(gate.marks).toBe('begun\n');

    const resumed = await ash.call('POST', `/api/sessions/${id}/resume`);
    if (what === 'stop') {
      expect(resumed.status).toBe(200);
      await expectGoesOn(ash, id);
    } else {
      expect(resumed.status).toBe(410);
      expect(await resumed.json()).toMatchObject({ code: 'session_ended' });
      // What was said can still be read.
      expect((await ash.client.listMessages(id)).length).toBeGreaterThan(2);
    }
  });

  test('while the sandbox is coming up', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const reader = await Reader.send(ash, id, script('never said'));
    await reader.until(({ event }) => event === 'session_start');
    expect(await cut(ash, id)).toMatchObject({ status });
    expect(await reader.turn()).toMatchObject({ status: 'interrupted', text: '' });
    expect(processesOf(`${ash.dataDir}/sandboxes/${id}`)).toEqual([]);
  });

  test('that a killed server had decided but not done is done by the next one', async () => {
    const { ash } = use;
    const id = await introduced(ash);
    const gate = new ToolGate(ash, id);
    const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, 'never said'));
    const { turnId } = (await reader.until(({ event }) => event === 'session_start')).data;
    await gate.running();
    await ash.kill();
    // The row as the server writes it, before it turns to the sandbox.
    ash.change('update sessions set status = ? where id = ?', status, id);
    await ash.start();
    const again = await Reader.follow(ash, id, { after: reader.cursor, turnId });
    expect((await again.rest()).at(-1)).toMatchObject({ event: 'done', data: { status: 'interrupted' } });
    await until(() => processesOf(`${ash.dataDir}/sandboxes/${id}`).length === 0);
    expect(gate.marks).toBe('begun\n');
  });
});

test('deleting an agent ends its sessions in the middle of their turns', async () => {
  const { ash } = use;
  await ash.client.createAgent('short-lived', { systemPrompt: 'Live.' });
  const { id } = await ash.client.createSession('short-lived');
  const held = ash.gate.hold('never answered');
  const reader = await Reader.send(ash, id, script('never answered'));
  await held.reached;
  await ash.client.deleteAgent('short-lived');
  expect(await reader.turn()).toMatchObject({ status: 'interrupted', error: { code: 'turn_interrupted' } });
  expect(await ash.client.getSession(id)).toMatchObject({ status: 'ended' });
  expect(processesOf(`${ash.dataDir}/sandboxes/${id}`)).toEqual([]);
  held.open();
});

test('a paused session takes no message and finishes the turn that it has', async () => {
  const { ash } = use;
  const id = await introduced(ash);
  const gate = new ToolGate(ash, id);
  const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, 'said after all'));
  await gate.running();
  expect(await ash.client.pauseSession(id)).toMatchObject({ status: 'paused' });
  const refused = await ash.call('POST', `/api/sessions/${id}/messages`, { body: { content: 'Hello?' } });
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({ code: 'session_not_active' });
  await gate.open();
  expect(await reader.turn()).toMatchObject({ status: 'completed', text: 'said after all' });
  await ash.client.resumeSession(id);
  await expectGoesOn(ash, id);
});
