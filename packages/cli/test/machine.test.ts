import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeHome } from './ash.ts';
import { sessionId, startApi } from './fixture-api.ts';

test('smoke goes the whole path, leaves the settings alone and nothing behind', async () => {
  await using home = await makeHome();
  const tmp = join(home.folder, 'tmp');
  await mkdir(tmp);
  const { code, stdout, stderr } = await home.ash(['smoke', '--json'], { env: { TMPDIR: tmp } });
  expect(stderr).toBe('');
  const { ok, steps } = JSON.parse(stdout) as { ok: boolean; steps: { name: string; ok: boolean; detail: string }[] };
  expect({ code, ok, failed: steps.filter((step) => !step.ok) }).toEqual({ code: 0, ok: true, failed: [] });
  expect(steps.map(({ name }) => name)).toEqual([
    ...['start a server', 'its walls', 'deploy an agent', 'open a session', 'a turn with a tool', 'read its file'],
    ...['run a command', 'read its log', 'pause, resume, end', 'stop the server'],
  ]);
  expect((await readdir(home.folder)).sort()).toEqual(['tmp']);
  expect((await readdir(tmp)).filter((name) => name.startsWith('ash-smoke-'))).toEqual([]);
});

test('smoke tells what does not work, and stops there', async () => {
  await using home = await makeHome();
  const { code, stdout, stderr } = await home.ash(['smoke', '--isolation', 'cardboard']);
  expect(code).toBe(1);
  expect(stdout).toMatch(/^✗ start a server +\d+\.\ds +failed: the server ended with code 1/);
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(stderr).toContain('cardboard');
  expect(stderr).toContain('"ash doctor" says what is missing');
});

test('completion knows commands, options, agents and sessions', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const words = async (...typed: string[]) =>
    (await home.ash(['__complete', 'bash', ...typed])).stdout.trim().split('\n');
  expect(await words('sess')).toEqual(['session']);
  expect(await words('session', 'fo')).toEqual(['fork', 'follow']);
  expect(await words('session', 'send', '--mo')).toEqual(['--model']);
  expect(await words('session', 'get', '')).toEqual([sessionId]);
  expect(await words('session', 'create', '--model', 'x', 'p')).toEqual(['poet']);
  expect(await words('session', 'list', '--agent', '')).toEqual(['poet']);
  expect(await words('agent', 'info', 'x')).toEqual(['']);
  expect((await home.ash(['completion', 'tcsh'])).stderr).toContain('bash, zsh, fish');
  await using alone = await makeHome({ ASH_SERVER_URL: 'http://127.0.0.1:9' });
  expect(await alone.ash(['__complete', 'fish', 'agent', 'info', ''])).toEqual({ code: 0, stdout: '', stderr: '' });
});

/** Asks a shell for completions of `ash session fo`, with its own means. */
const asks = {
  bash: `source ./completion; COMP_WORDS=(ash session fo); COMP_CWORD=2; _ash; printf "%s\\n" "\${COMPREPLY[@]}"`,
  zsh: `compdef() { :; }; _describe() { printf "%s\\n" "\${found[@]%%:*}"; }; source ./completion; words=(ash session fo); CURRENT=3; _ash`,
  fish: 'source ./completion; complete -C "ash session fo" | cut -f1',
} as const;

test.for(Object.keys(asks) as (keyof typeof asks)[])('%s loads its script and completes', async (shell, context) => {
  if (spawnSync(shell, ['-c', 'exit']).status !== 0) context.skip(`${shell} is not installed`);
  await using home = await makeHome();
  const { stdout: script } = await home.ash(['completion', shell]);
  await writeFile(join(home.folder, 'completion'), script);
  const program = join(import.meta.dirname, '..', 'bin', 'ash.js');
  await writeFile(join(home.folder, 'ash'), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`);
  await chmod(join(home.folder, 'ash'), 0o755);
  const env = { HOME: home.folder, PATH: `${home.folder}:${process.env.PATH}` };
  const flags = shell === 'zsh' ? ['-f'] : [];
  const { stdout } = await promisify(execFile)(shell, [...flags, '-c', asks[shell]], { env, cwd: home.folder });
  expect(stdout.trim().split('\n').sort()).toEqual(['follow', 'fork']);
});

test('upgrade tells the versions and what changed', async () => {
  await using home = await makeHome({ ASH_SERVER_URL: 'http://127.0.0.1:9' });
  const { installed, server, steps, changes } = JSON.parse((await home.ash(['upgrade', '--json'])).stdout);
  expect({ installed, server }).toEqual({ installed: expect.stringMatching(/^\d+\.\d+\.\d+/), server: null });
  expect(steps).toContain('ash doctor');
  expect(changes).not.toBe('');
});

test('help of a command is found either way', async () => {
  await using home = await makeHome();
  const { stdout } = await home.ash(['session', 'send', '--help']);
  expect((await home.ash(['help', 'session', 'send'])).stdout).toBe(stdout);
});

test('every command has a description and an example', async () => {
  const { createProgram } = await import('../src/program.ts');
  type Node = ReturnType<typeof createProgram>;
  const all = (node: Node): Node[] => [node, ...node.commands.flatMap((below) => all(below as Node))];
  const helpOf = (node: Node): string => {
    let text = '';
    node.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    node.outputHelp();
    return text;
  };
  const bare = all(createProgram(() => undefined)).filter(
    (node) => node.description() === '' || !/Examples:\n {2}\$ .*\bash /.test(helpOf(node)),
  );
  expect(bare.map((node) => node.name())).toEqual([]);
});
