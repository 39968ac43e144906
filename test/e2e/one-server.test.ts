/** One server per data folder, what isolation it has, and how it says so. */
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { spawnServer } from './server-process.ts';
import { say } from './streams.ts';

describe('a second server on the same data folder', () => {
  const use = useAsh();

  test('refuses, says why, and disturbs nobody', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    await say(ash, id, 'My name is Alice.');
    const second = spawnServer(ash.environment());
    expect(await second.ready).toBeUndefined();
    expect(await second.exited).toMatchObject({ code: 1 });
    expect(second.log.map(({ level, msg }) => [level, msg])).toEqual([[60, `another Ash server uses ${ash.dataDir}`]]);
    expect(second.stderr()).toBe('');
    expect(await say(ash, id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
  });

  test('is welcome as soon as the first is gone, however it went', async () => {
    const { ash } = use;
    await ash.kill();
    await ash.start();
    expect(await ash.stop('SIGTERM')).toBe(0);
    await ash.start();
    expect(await ash.client.health()).toMatchObject({ status: 'ok', isolation: 'bubblewrap' });
  });

  test('settings that can’t be used are named, one line each', async () => {
    const { ash } = use;
    const server = spawnServer({
      ...ash.environment(),
      ASH_PORT: 'many',
      ASH_ISOLATION: 'none',
      ANTHROPIC_API_KEY: 'kéy',
    });
    expect(await server.ready).toBeUndefined();
    expect(await server.exited).toMatchObject({ code: 1 });
    const said = server.log.map(({ msg }) => msg).join('\n');
    for (const name of ['ASH_PORT', 'ASH_ISOLATION', 'ANTHROPIC_API_KEY']) expect(said).toContain(name);
    expect(said).not.toContain('kéy');
  });
});

describe('isolation `process`', () => {
  const use = useAsh({ env: { ASH_ISOLATION: 'process' } });

  test('works end to end, and is labelled', async () => {
    const { ash } = use;
    expect(await ash.client.health()).toMatchObject({ isolation: 'process' });
    const session = await ash.session();
    expect(session).toMatchObject({ isolation: 'process' });
    const content = script(
      { tools: [{ name: 'Bash', input: { command: 'echo mark > marks; cat marks' } }] },
      '{{result}}',
    );
    expect(await say(ash, session.id, content)).toMatchObject({ status: 'completed', text: 'mark' });
    await say(ash, session.id, 'My name is Alice.');
    await ash.kill();
    await ash.start();
    expect(await say(ash, session.id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
    await ash.client.pauseSession(session.id);
    await ash.client.resumeSession(session.id);
    expect(await say(ash, session.id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
    await ash.stop();
    const warning = ash.log.find(({ level, msg }) => level === 40 && msg.includes('WITHOUT WALLS'));
    expect(warning).toBeDefined();
    await ash.start();
  });
});
