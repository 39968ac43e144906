import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeHome } from './ash.ts';
import { startApi } from './fixture-api.ts';

async function makeAgent(folder: string, files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

test('a folder is uploaded whole, without caches and secrets', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const folder = join(home.folder, 'My agent!');
  await makeAgent(folder, {
    'CLAUDE.md': 'Be kind. Grüß!',
    '.claude/settings.json': '{}',
    'skills/a/b.md': 'deep',
    '.env': 'SECRET=1',
    'prod.env': 'SECRET=1',
    'x.env.local': 'SECRET=1',
    'node_modules/x/index.js': '1',
    'data/tmp/x': '1',
    'yarn.lock': '1',
  });
  await symlink('CLAUDE.md', join(folder, 'AGENTS.md'));
  await symlink('/etc/hostname', join(folder, 'outside'));
  await symlink('..', join(folder, 'loop'));

  const { code, stdout, stderr } = await home.ash(['deploy', folder]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'Deployed agent "My-agent" (v3)\n' });
  expect(stderr).toMatch(
    /^Left out, for they are no files of this folder: loop, outside\nNot uploaded.*: .env, prod.env/,
  );
  const { name, replace, files } = (api.asked.at(-1)?.body ?? {}) as {
    name: string;
    replace: boolean;
    files: { path: string; content: string }[];
  };
  expect({ name, replace }).toEqual({ name: 'My-agent', replace: true });
  expect(
    Object.fromEntries(files.map(({ path, content }) => [path, Buffer.from(content, 'base64').toString()])),
  ).toEqual({
    'CLAUDE.md': 'Be kind. Grüß!',
    'AGENTS.md': 'Be kind. Grüß!',
    '.claude/settings.json': '{}',
    'skills/a/b.md': 'deep',
  });
});

test('what is no agent folder is not sent', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  await makeAgent(join(home.folder, 'empty'), { 'README.md': '' });
  await makeAgent(join(home.folder, '!!!'), { 'CLAUDE.md': '' });
  expect((await home.ash(['deploy', 'empty'])).stderr).toMatch(/^Deploy failed: No CLAUDE.md in empty/);
  expect((await home.ash(['deploy', 'missing'])).stderr).toBe('Deploy failed: missing is not a folder\n');
  expect((await home.ash(['deploy', '!!!'])).stderr).toMatch(/^Deploy failed: "!!!" leaves no name/);
  expect((await home.ash(['deploy', '!!!', '-n', 'fine', '--json'])).stdout).toContain('"name": "fine"');
  expect(api.asked.filter(({ request }) => request === 'POST /api/agents')).toHaveLength(1);
});
