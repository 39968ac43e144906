/** The machine's clock is put forward and back by a day: nothing that is under way ends, begins again or is forgotten. */
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { Reader, say } from './streams.ts';
import { ToolGate } from './tool-gate.ts';

const dayMs = 24 * 60 * 60_000;
const use = useAsh({ clocked: true, env: { ASH_QUEUE_CONCURRENCY: '2' } });

interface Item {
  id: string;
  status: string;
}

test.each([
  ['forward', dayMs],
  ['back', -dayMs],
])('%s, in the middle of a turn and of a queue item', async (direction, offsetMs) => {
  const { ash } = use;
  const enqueue = async (prompt: string): Promise<Item> => {
    const response = await ash.call('POST', '/api/queue', { body: { agentName: 'agent', prompt } });
    expect(response.status).toBe(201);
    return ((await response.json()) as { item: Item }).item;
  };
  /** Ids carry it. */
  const serversTime = async (): Promise<number> => {
    const made = await ash.call('POST', '/api/api-keys', { body: { label: 'what time is it' } });
    const { id } = (await made.json()) as { id: string };
    return Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);
  };
  const itemIs = async (id: string, status: string): Promise<boolean> => {
    const response = await ash.call('GET', `/api/queue/${id}`);
    return ((await response.json()) as { item: Item }).item.status === status;
  };
  const { id } = await ash.session();
  const idle = await ash.session();
  await say(ash, idle.id, 'My name is Alice.');
  const bridge = ash.bridgePid(idle.id);
  const gate = new ToolGate(ash, id);
  const reader = await Reader.send(ash, id, script({ tools: [gate.tool] }, '{{result}}'));
  await gate.running();
  const held = ash.gate.hold(`queued ${direction}`);
  const item = await enqueue(`queued ${direction} ${script('The item is done.')}`);
  await held.reached;

  ash.setClock(offsetMs);
  await until(async () => Math.abs((await serversTime()) - Date.now()) > dayMs / 2);
  const other = await enqueue('Hello!');
  // To take this one the worker looks at all that there are.
  await until(() => itemIs(other.id, 'completed'));
  expect(await itemIs(item.id, 'processing')).toBe(true);

  await gate.open();
  expect(await reader.turn()).toMatchObject({ status: 'completed', text: 'begun\nended' });
  held.open();
  await until(() => itemIs(item.id, 'completed'));
  expect(ash.gate.of(`queued ${direction}`)).toHaveLength(1);
  expect(await say(ash, idle.id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
  expect(ash.bridgePid(idle.id)).toBe(bridge);

  ash.setClock(0);
  expect(await say(ash, id, 'Hello!')).toMatchObject({ status: 'completed' });
});
