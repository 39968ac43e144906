/** What people see, in a terminal of 80 columns, and what everybody else gets. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { instant } from '../src/option-values.ts';
import { tableLines } from '../src/output/table.ts';
import { cutTo, inLine, widthOf } from '../src/output/width.ts';
import { ago, sizeOf } from '../src/output/words.ts';
import { type Home, makeHome } from './ash.ts';
import { sessionId, startApi } from './fixture-api.ts';

const program = join(import.meta.dirname, '..', 'bin', 'ash.js');

/** Runs the program in a pseudo-terminal of 80 columns; everything that it shows there. */
async function inTerminal(home: Home, args: string, env: Record<string, string> = {}): Promise<string> {
  const command = `stty cols 80; '${process.execPath}' '${program}' ${args}`;
  const all = { PATH: process.env.PATH ?? '', HOME: home.folder, TERM: 'xterm-256color', ...env };
  const { stdout } = await promisify(execFile)('script', ['-qec', command, '/dev/null'], {
    env: all,
    cwd: home.folder,
  });
  return stdout.replaceAll('\r\n', '\n');
}

const ansi = '\u001b[';

test('a terminal gets a table in colours; NO_COLOR, --no-color and TERM=dumb take them away', async () => {
  await using api = await startApi();
  await using home = await makeHome();
  const env = { ASH_SERVER_URL: api.url };
  const coloured = await inTerminal(home, 'session list', env);
  expect(coloured).toContain(`${ansi}32mactive${ansi}39m`);
  expect(coloured).toContain(sessionId);
  const plain = await inTerminal(home, 'session list', { ...env, NO_COLOR: '1' });
  expect(plain).toMatch(/^ID +AGENT +VER +STATUS +LAST ACTIVE\n\S+ +poet .* active/);
  expect(plain).not.toContain(ansi);
  expect(await inTerminal(home, 'session list --no-color', env)).toBe(plain);
  expect(await inTerminal(home, 'session list', { ...env, TERM: 'dumb' })).toBe(plain);
});

test('a pipe gets JSON, with --table the table, with --quiet the ids', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  expect(JSON.parse((await home.ash(['session', 'list'])).stdout)).toMatchObject([{ id: sessionId }]);
  const table = (await home.ash(['session', 'list', '--table'])).stdout;
  expect(table).toMatch(/^ID +AGENT/);
  expect(table).not.toContain(ansi);
  expect(await home.ash(['session', 'list', '-q'])).toEqual({ code: 0, stdout: `${sessionId}\n`, stderr: '' });
  expect(await home.ash(['-q', 'session', 'pause', sessionId])).toEqual({
    code: 0,
    stdout: `${sessionId}\n`,
    stderr: '',
  });
});

test('a failure is told to people in lines, to programs in JSON', async () => {
  await using api = await startApi();
  await using home = await makeHome({ ASH_SERVER_URL: api.url });
  const failed = await home.ash(['session', 'create', 'nobody', '--json']);
  expect({ code: failed.code, stdout: failed.stdout }).toEqual({ code: 1, stdout: '' });
  expect(JSON.parse(failed.stderr)).toEqual({
    error: 'Agent "nobody" not found',
    statusCode: 404,
    code: 'agent_not_found',
    suggestion: 'Deploy it first.',
  });
  const turn = await home.ash(['session', 'send', sessionId, 'fail', '--json']);
  expect(turn.code).toBe(1);
  expect(JSON.parse(turn.stderr)).toMatchObject({ code: 'model_unauthorized' });
});

test('a table fits where it can, and nothing in it moves the cursor', () => {
  const columns = [
    { title: 'id', of: ({ id }: { id: string }) => id },
    { title: 'text', of: ({ text }: { text: string }) => text, elastic: true },
  ];
  const row = fc.record({ id: fc.string({ maxLength: 20 }), text: fc.string({ unit: 'grapheme', maxLength: 300 }) });
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 5 }), fc.integer({ min: 40, max: 200 }), (rows, width) => {
      for (const line of tableLines(rows, columns, (_style, text) => text, width)) {
        expect(line).not.toMatch(/\p{Cc}/u);
        expect(widthOf(line)).toBeLessThanOrEqual(width);
      }
    }),
  );
});

test.for([
  ['abc', 3],
  ['日本語', 6],
  ['é', 1],
  ['👩‍👩‍👧', 2],
  ['ｗｉｄｅ', 8],
] as const)('%s is %i wide', ([text, width]) => {
  expect(widthOf(text)).toBe(width);
  expect(cutTo(text, width)).toBe(text);
  if (width > 2) expect(widthOf(cutTo(text, width - 1))).toBeLessThan(width);
});

test('words for sizes and times', () => {
  const now = Date.parse('2026-01-31T12:00:00Z');
  expect([0, 1023, 1024, 1536, 5 * 1024 ** 3].map(sizeOf)).toEqual(['0 B', '1023 B', '1.0 KiB', '1.5 KiB', '5.0 GiB']);
  expect(ago('2026-01-31T11:58:00Z', now)).toBe('2m ago');
  expect(ago('2025-01-31T11:58:00Z', now)).toBe('2025-01-31');
  expect(instant('--since', '2h', now)).toBe('2026-01-31T10:00:00.000Z');
  expect(instant('--since', '2026-01-01', now)).toBe('2026-01-01T00:00:00.000Z');
  expect(inLine('a\n\tb\u001b[2J\u202e')).toBe('a b\ufffd[2J\ufffd');
});
