import { expect, test } from 'vitest';
import { makeHome } from './ash.ts';

test('help and version succeed and tell something', async () => {
  await using home = await makeHome();
  expect(await home.ash(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  for (const command of [['--help'], ['session', '--help'], ['session', 'send', '--help'], ['start', '--help']]) {
    const { code, stdout, stderr } = await home.ash(command);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Usage: ash');
  }
});

test.for([
  [['nonsense'], 'unknown command'],
  [['sesion', 'list'], 'Did you mean session?'],
  [['session', 'send', 'only-an-id'], "missing required argument 'message'"],
  [['deploy'], "missing required argument 'path'"],
  [['start', '--what'], "unknown option '--what'"],
  [['session', 'list', '--limit', 'ten'], '--limit takes a number'],
  [['session', 'list', '--status', 'bored'], '--status takes one of'],
  [['start', '-e', 'NOVALUE'], '-e takes NAME=value'],
  [['link'], 'Give the address'],
  [['link', 'localhost:1'], 'Not the address of a server'],
  [['logs'], 'no log at'],
  [['deploy', '.', '-e', 'KEY=secret', '-n', 'a'], 'Give them to its sessions: ash session create a -e KEY=…'],
  [['credential', 'add', 'gold'], 'takes one of anthropic'],
  [['session', 'follow', 'x', '--frm', 'now'], 'Did you mean --from?'],
] as [string[], string][])('%j fails with one line', async ([args, text]) => {
  await using home = await makeHome();
  const { code, stdout, stderr } = await home.ash(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toContain(text);
});

test('a command that needs no server loads neither it nor the client', async () => {
  await using home = await makeHome();
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = [];
    registerHooks({ resolve(specifier, context, next) { const found = next(specifier, context); loaded.push(found.url); return found; } });
    process.on('exit', () => process.stderr.write(JSON.stringify(loaded)));`;
  const { code, stderr } = await home.ash(['status'], {
    env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(program)}` },
  });
  expect(code).toBe(0);
  const loaded: string[] = JSON.parse(stderr.slice(stderr.indexOf('[')));
  expect(loaded.some((url) => url.endsWith('/cli/src/program.ts'))).toBe(true);
  expect(loaded.filter((url) => /packages\/(server|sdk|shared|sandbox|bridge)\//.test(url))).toEqual([]);
});
