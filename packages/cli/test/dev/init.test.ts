/** Every template is made, deployed and talked to; its tools really run in the sandbox. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import type { templates } from '../../src/init/templates.ts';
import { makeHome } from '../ash.ts';
import { homeOf, json } from '../real-server.ts';

const server = useAsh();

/** What the scripted model does with an agent of each template, and what is heard of it. */
const talks: Record<keyof typeof templates, [prompt: string, heard: string]> = {
  minimal: ['Hello!', 'Hello! What can I do for you?'],
  tools: [
    script(
      { tools: [{ name: 'Bash', input: { command: 'sh tools/tasks.sh add water the plants' } }] },
      { tools: [{ name: 'Bash', input: { command: 'sh tools/tasks.sh done 1' } }] },
      'Now: {{result}}',
    ),
    'Now: 1. [x] water the plants',
  ],
  mcp: [
    script({ tools: [{ name: 'mcp__shop__price', input: { article: 'tea pot' } }] }, 'It costs {{result}}.'),
    'It costs 24.5 EUR.',
  ],
  research: [
    script({ tools: [{ name: 'Bash', input: { command: 'grep -rl oxidised sources' } }] }, 'In {{result}}'),
    'sources/tea.md',
  ],
};

test.for(Object.entries(talks))('%s', async ([template, [prompt, heard]]) => {
  await using home = await homeOf(server.ash);
  const made = await json<{ name: string; files: string[] }>(home, ['init', `my ${template}`, '-t', template]);
  expect(made.name).toBe(`my-${template}`);
  expect(made.files).toContain('CLAUDE.md');
  expect(await readFile(join(home.folder, `my ${template}`, 'CLAUDE.md'), 'utf8')).toMatch(`# my-${template}\n`);
  await json(home, ['deploy', `my ${template}`]);
  const { code, stdout } = await home.ash(['chat', `my-${template}`, prompt, '--end']);
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(heard) });
});

test('a folder with something in it stays as it is, unless forced', async () => {
  await using home = await makeHome();
  const folder = join(home.folder, 'mine');
  await mkdir(folder);
  await writeFile(join(folder, 'CLAUDE.md'), 'mine');
  const refused = await home.ash(['init', 'mine', '--yes']);
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('mine is not empty') });
  expect(await readFile(join(folder, 'CLAUDE.md'), 'utf8')).toBe('mine');
  expect((await home.ash(['init', 'mine', '--force', '--name', 'other'])).code).toBe(0);
  expect(await readFile(join(folder, 'CLAUDE.md'), 'utf8')).toMatch('# other\n');
});

test('what is missing is said without a terminal to ask on', async () => {
  await using home = await makeHome();
  expect((await home.ash(['init'])).stderr).toContain('Give a folder: ash init my-agent');
  expect((await home.ash(['init', 'x', '-t', 'nope'])).stderr).toContain(
    'Allowed choices are minimal, tools, mcp, research',
  );
  expect(existsSync(join(home.folder, 'x'))).toBe(false);
});
