/** The server ends while a sandbox is coming up: nothing is lost by that, and nothing is said to be. */
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { type Ash, instructions, until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { stopNextBridge } from './stopped-bridge.ts';
import { Reader, say, turnOf, wholeItems } from './streams.ts';

const use = useAsh();

async function actionsOf(ash: Ash, sessionId: string): Promise<string[]> {
  const events = await ash.client.listSessionEvents(sessionId, { type: 'lifecycle' });
  return events.map(({ data }) => JSON.parse(data ?? '').action);
}

/** The whole turn, for a client that was cut off, or told to come back. */
async function comeBack(ash: Ash, sessionId: string, before: Reader) {
  await before.rest();
  const { turnId } = before.events[0]?.data ?? {};
  const again = await Reader.follow(ash, sessionId, { after: before.cursor, turnId });
  return turnOf([...wholeItems(before.events).flat(), ...(await again.rest())]);
}

test.each(['SIGTERM', 'SIGKILL'] as const)(
  'by %s while the agent sets itself up, again and again: its turn is run',
  async (signal) => {
    const { ash } = use;
    const name = `slow-${signal.toLowerCase()}`;
    const install = 'date +%s%N > begun; until [ -e go ]; do sleep 0.05; done\n';
    const files = { 'CLAUDE.md': instructions, 'install.sh': install };
    await ash.client.deployAgent(name, await ash.agentFolder(name, files));
    const { id } = await ash.client.createSession(name);
    const workspace = ash.workspace(id);
    const mark = { name: 'Bash', input: { command: 'echo mark >> marks; cat marks' } };
    const reader = await Reader.send(ash, id, script({ tools: [mark] }, '[{{result}}]'));
    let begun = '';
    const begins = async () => {
      const now = () => (existsSync(join(workspace, 'begun')) ? readFileSync(join(workspace, 'begun'), 'utf8') : '');
      await until(() => !['', begun].includes(now()));
      begun = now();
    };
    // More often than a turn may lose its sandbox.
    for (let times = 1; times <= 4; times += 1) {
      await begins();
      if (signal === 'SIGKILL') await ash.kill();
      else {
        expect(await ash.stop(signal)).toBe(0);
        expect(processesOf(join(ash.dataDir, 'sandboxes', id))).toEqual([]);
      }
      await ash.start();
    }
    await begins();
    writeFileSync(join(workspace, 'go'), '');
    expect(await comeBack(ash, id, reader)).toMatchObject({ status: 'completed', text: '[mark]' });
    expect(await actionsOf(ash, id)).toEqual(['created']);
  },
);

test('by SIGTERM before the bridge listens: it stops in time, and the next server goes on', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  expect((await say(ash, id, 'My name is Alice.')).status).toBe('completed');
  const next = stopNextBridge(ash, id);
  await until(() => !existsSync(join(ash.dataDir, 'sandboxes', id, 'sandbox.json')));
  const reader = await Reader.send(ash, id, 'What is my name?');
  const pid = await next;
  expect(await ash.stop('SIGTERM')).toBe(0);
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  await ash.start();
  expect(await comeBack(ash, id, reader)).toMatchObject({ status: 'completed', text: 'Your name is Alice.' });
  expect(await actionsOf(ash, id)).toEqual(['created']);
});

test('what a session needs is gone when the next server takes it up: its queued turn says so, and does not wait for ever', async () => {
  const { ash } = use;
  const files = {
    'CLAUDE.md': instructions,
    'install.sh': '[ -e /workspace/again ] || until [ -e go ]; do sleep 0.05; done\n',
  };
  await ash.client.deployAgent('breaks', await ash.agentFolder('breaks', files));
  const { id } = await ash.client.createSession('breaks');
  const reader = await Reader.send(ash, id, 'Hello!');
  await until(() => existsSync(join(ash.workspace(id), 'install.sh')));
  await ash.kill();
  const [version] = ash.rows<{ hash: string }>(
    'select v.hash from agent_versions v join sessions s on s.agent_version_id = v.id where s.id = ?',
    id,
  );
  const folder = globSync(join(ash.dataDir, 'agent-versions', '*', version?.hash ?? 'none'))[0] ?? '';
  writeFileSync(join(folder, 'install.sh'), 'echo out of order; exit 3\n');
  await ash.start();
  expect(await comeBack(ash, id, reader)).toMatchObject({ status: 'failed', error: { code: 'setup_failed' } });
});
