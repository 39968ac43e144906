/** Head starts: a runtime that boots beside its bridge is one like any other, also when the server dies in the middle of it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { asked } from './requests.ts';
import { say } from './streams.ts';

const use = useAsh();
const sonnet = 'claude-sonnet-4-5';

const recordOf = (id: string): string => join(use.ash.dataDir, 'sandboxes', id, 'sandbox.json');

async function headStarted(id: string): Promise<boolean> {
  await until(() => existsSync(recordOf(id)));
  return JSON.parse(readFileSync(recordOf(id), 'utf8')).headStart === true;
}

test('the second session with the same options has one, and is a session of its own; so has a second waking', async () => {
  const { ash } = use;
  const first = await ash.session();
  await say(ash, first.id, 'My name is Alice.');
  expect(await headStarted(first.id)).toBe(false);
  const second = await ash.session();
  expect(await headStarted(second.id)).toBe(true);
  const command = script(
    { tools: [{ name: 'Bash', input: { command: 'echo "$ASH_SESSION_ID"; pwd; cat CLAUDE.md' } }] },
    '{{result}}',
  );
  expect((await say(ash, second.id, command)).text).toMatch(
    new RegExp(`^${second.id}\\s+/workspace\\s+# An agent for tests`),
  );
  const other = await ash.client.createSession('agent', { model: sonnet, disallowedTools: ['Edit'] });
  expect(await headStarted(other.id)).toBe(false);
  const { body, tools } = await asked(ash, other.id, 'Hello');
  expect(body.model).toBe(sonnet);
  expect(tools).not.toContain('Edit');
  for (const had of [false, true]) {
    await ash.client.pauseSession(first.id);
    await until(() => !existsSync(recordOf(first.id)));
    await ash.client.resumeSession(first.id);
    expect(await headStarted(first.id)).toBe(had);
    expect(await say(ash, first.id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
  }
});

test('a server that dies before the bridge was told of it leaves a session that works', async () => {
  const { ash } = use;
  await say(ash, (await ash.session()).id, 'Hello');
  const { id } = await ash.session();
  expect(await headStarted(id)).toBe(true);
  await ash.kill();
  await ash.start();
  expect(await say(ash, id, 'My name is Alice.')).toMatchObject({ status: 'completed' });
  expect(await say(ash, id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
});

test('a runtime that refuses its options does so again with a head start, and is not waited for', async () => {
  const { ash } = use;
  const odd = { outputFormat: { type: 'json_schema', schema: { type: 'nonsense' } } };
  for (const _time of [1, 2, 3]) {
    const { id } = await ash.session();
    expect(await say(ash, id, 'Hello', odd)).toMatchObject({ status: 'failed', error: { code: 'runtime_failed' } });
  }
});
