/** A conversation goes on: over turns, pauses, deaths of a session's processes and restarts of the server. */
import { describe, expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { Reader, say } from './streams.ts';

const use = useAsh();

/** A session that has been told a name. */
async function introduced(): Promise<string> {
  const { ash } = use;
  const { id } = await ash.session();
  const turn = await say(ash, id, 'My name is Alice.');
  expect(turn).toMatchObject({ status: 'completed', text: 'Nice to meet you, Alice.', error: undefined });
  return id;
}

/** The scripted model knows nothing but the conversation it is sent, so a right answer proves that it was kept. */
async function expectRemembered(sessionId: string): Promise<void> {
  const turn = await say(use.ash, sessionId, 'What is my name?');
  expect(turn).toMatchObject({ status: 'completed', text: 'Your name is Alice.', error: undefined });
}

test('the next turn knows what was said', async () => {
  await expectRemembered(await introduced());
});

test('sessions know nothing of each other', async () => {
  await introduced();
  const { id } = await use.ash.session();
  expect((await say(use.ash, id, 'What is my name?')).text).toContain("don't know your name");
});

test('after pause and resume', async () => {
  const { ash } = use;
  const id = await introduced();
  expect(await ash.client.pauseSession(id)).toMatchObject({ id, status: 'paused' });
  // Asleep: its processes are gone, its files are not.
  expect(processesOf(`${ash.dataDir}/sandboxes/${id}`)).toEqual([]);
  expect(await ash.client.resumeSession(id)).toMatchObject({ id, status: 'active' });
  await expectRemembered(id);
});

test('after stop and resume', async () => {
  const { ash } = use;
  const id = await introduced();
  expect(await ash.client.stopSession(id)).toMatchObject({ id, status: 'stopped' });
  expect(processesOf(`${ash.dataDir}/sandboxes/${id}`)).toEqual([]);
  expect(await ash.client.resumeSession(id)).toMatchObject({ id, status: 'active' });
  await expectRemembered(id);
});

describe('after kill -9 of an idle session’s', () => {
  test.each(['bridge', 'runtime'] as const)('%s', async (what) => {
    const { ash } = use;
    const id = await introduced();
    process.kill(what === 'bridge' ? ash.bridgePid(id) : ash.runtimePid(id), 'SIGKILL');
    // At once: whether the server knows of the death by now must not matter.
    await expectRemembered(id);
  });
});

describe('after a restart of the server', () => {
  test.each([
    ['by SIGTERM', () => use.ash.stop('SIGTERM')],
    ['by kill -9', () => use.ash.kill()],
  ] as const)('%s, in the sandbox that lived on', async (_name, end) => {
    const { ash } = use;
    const id = await introduced();
    const bridge = ash.bridgePid(id);
    const runtime = ash.runtimePid(id);
    await end();
    await ash.start();
    await expectRemembered(id);
    expect([ash.bridgePid(id), ash.runtimePid(id)]).toEqual([bridge, runtime]);
    expect(await ash.client.health()).toMatchObject({ activeSandboxes: expect.any(Number) });
  });

  test('by SIGINT, which puts the session to sleep', async () => {
    const { ash } = use;
    const id = await introduced();
    expect(await ash.stop('SIGINT')).toBe(0);
    expect(processesOf(ash.dataDir)).toEqual([]);
    await ash.start();
    await expectRemembered(id);
  });

  test('with the session’s processes killed meanwhile', async () => {
    const { ash } = use;
    const id = await introduced();
    const bridge = ash.bridgePid(id);
    await ash.kill();
    process.kill(bridge, 'SIGKILL');
    await ash.start();
    await expectRemembered(id);
  });
});

test('an adopted session counts as awake, and is put to sleep like any other', async () => {
  const { ash } = use;
  const id = await introduced();
  await ash.kill();
  await ash.start();
  await until(async () => (await ash.client.health()).activeSandboxes > 0);
  await ash.kill();
  await ash.start({ ASH_IDLE_TIMEOUT_MS: '200' });
  await until(() => processesOf(`${ash.dataDir}/sandboxes`).length === 0);
  expect(await ash.client.getSession(id)).toMatchObject({ status: 'active' });
  await expectRemembered(id);
  await ash.stop();
  await ash.start({});
});

test('the SDK’s example from the skill page', async () => {
  const { ash } = use;
  const session = await ash.session();
  const events: string[] = [];
  for await (const { type } of ash.client.sendMessageStream(session.id, 'Hello!')) events.push(type);
  expect(events[0]).toBe('session_start');
  expect(events.at(-1)).toBe('done');
  expect(await ash.client.endSession(session.id)).toMatchObject({ status: 'ended' });
  await expect(Reader.send(ash, session.id, 'Still there?')).rejects.toThrow('400');
});
