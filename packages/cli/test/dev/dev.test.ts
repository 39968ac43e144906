/** `ash dev` as a person uses it: with a chat in a real terminal, and without one. */
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshClient } from '@ash-ai/sdk';
import { expect, test } from 'vitest';
import { until } from '../../../../test/e2e/harness.ts';
import { processesOf } from '../../../../test/e2e/leaks.ts';
import { ended, type Home, makeHome } from '../ash.ts';
import { noTmux, TmuxTerminal } from '../chat/tmux.ts';

// A test that is killed would leave mounts behind.
const settings = { ASH_SANDBOX_DISK: 'watchdog' };

function dataDir(home: Home): string {
  const root = join(home.folder, '.ash', 'dev');
  return join(root, readdirSync(root)[0] ?? '');
}

/** Nothing of it runs any more; its folder holds only what was put there. */
async function expectGone(home: Home, data: string): Promise<void> {
  await until(() => processesOf(data).length === 0);
  expect(existsSync(join(data, 'ash-server.json'))).toBe(false);
  expect(readdirSync(join(home.folder, 'poet'))).toEqual(['CLAUDE.md']);
}

test.skipIf(noTmux)('a chat, a change, the new version, the end', async () => {
  await using home = await makeHome();
  await home.ash(['init', 'poet', '--yes']);
  const env = { HOME: home.folder, ...settings };
  using terminal = new TmuxTerminal(['dev', 'poet'], { env, cwd: home.folder, columns: 100, rows: 40 });
  const begun = await terminal.shows('listens');
  expect(begun).toContain('SCRIPTED MODEL');
  expect(begun).toContain('Deployed poet v1');
  terminal.type('My name is Ada.');
  terminal.press('Enter');
  await terminal.shows('Nice to meet you, Ada.');

  const instructions = join(home.folder, 'poet', 'CLAUDE.md');
  await writeFile(instructions, `${await readFile(instructions, 'utf8')}\nAnswer in verse.\n`);
  await terminal.shows('poet v2 is live: CLAUDE.md changed.');
  terminal.type('What is my name?');
  terminal.press('Enter');
  // A new session knows nothing of the one before.
  await terminal.shows("I don't know your name yet");
  await terminal.shows('poet v2 ·');
  const data = dataDir(home);
  terminal.press('C-d');
  await terminal.shows('[ended 0]');
  await expectGone(home, data);
});

test('without a chat: deploys at every change, tells what is wrong, and ends at a signal', async () => {
  await using home = await makeHome(settings);
  await home.ash(['init', 'poet', '--yes']);
  await writeFile(join(home.folder, 'poet', '.env'), 'GREETING=hello\n');
  const child = home.spawn(['dev', 'poet', '--no-chat']);
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const end = ended(child);
  const says = async (text: string) => {
    while (!said.includes(text)) await once(child.stderr, 'data');
  };
  await says('Ctrl-C ends it.');
  expect(said).toContain('from .env: GREETING');
  const [, serverUrl = '', apiKey = ''] = /ASH_SERVER_URL=(\S+)\s+export ASH_API_KEY=(\S+)/.exec(said) ?? [];
  const client = new AshClient({ serverUrl, apiKey });
  expect((await client.getAgent('poet')).version).toBe(1);
  const again = await home.ash(['dev', 'poet']);
  expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('runs on this folder already') });

  const instructions = join(home.folder, 'poet', 'CLAUDE.md');
  await writeFile(join(home.folder, 'poet', 'more.txt'), 'more');
  await says('poet v2 is live: more.txt is new.');
  await writeFile(join(home.folder, 'poet', 'CLAUDE.md.tmp'), 'x');
  await says('CLAUDE.md.tmp is new.');
  const { rename, rm } = await import('node:fs/promises');
  await rename(instructions, join(home.folder, 'elsewhere'));
  await says('Not deployed: No CLAUDE.md in');
  await rename(join(home.folder, 'elsewhere'), instructions);
  for (const name of ['more.txt', 'CLAUDE.md.tmp', '.env']) await rm(join(home.folder, 'poet', name));
  await says('is gone');
  const data = dataDir(home);
  child.kill('SIGINT');
  expect((await end).code).toBe(0);
  await expectGone(home, data);
});

test('a server does not outlive an ash dev that is killed', async () => {
  await using home = await makeHome(settings);
  await home.ash(['init', 'poet', '--yes']);
  const child = home.spawn(['dev', 'poet', '--no-chat']);
  const exited = once(child, 'exit');
  await once(child.stderr, 'data');
  await until(() => existsSync(join(home.folder, '.ash', 'dev')) && existsSync(join(dataDir(home), 'ash-server.json')));
  child.kill('SIGKILL');
  await exited;
  await expectGone(home, dataDir(home));
});
