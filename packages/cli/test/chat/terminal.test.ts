/** The chat as a person sees it: in a real terminal, against a real server with the scripted model. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { type Home, makeHome } from '../ash.ts';
import { noTmux, TmuxTerminal } from './tmux.ts';

const server = useAsh();
let home: Home;
beforeAll(async () => {
  home = await makeHome();
});
afterAll(() => home[Symbol.asyncDispose]());

function open(
  args: string[],
  { columns = 80, rows = 24, env = {} }: { columns?: number; rows?: number; env?: Record<string, string> } = {},
): TmuxTerminal {
  const settings = { HOME: home.folder, ASH_SERVER_URL: server.ash.url, ASH_API_KEY: server.ash.key, ...env };
  return new TmuxTerminal(args, { env: settings, cwd: home.folder, columns, rows });
}

const table =
  '| name | what it is |\n| --- | --- |\n| 日本 | a cell that needs more room than a narrow terminal has, and so is wrapped in it |';
const code =
  '```ts\nconst line = "a very long line of code that does not fit into eighty columns and is folded"; // why\n```';
const ending = /<\/script>[\s\S]*The end\./;
const answer = script(`# Title\n\nSome **bold** words.\n\n${table}\n\n${code}\n\nThe end.`);

test.skipIf(noTmux)('looks right at 80 and 200 columns, after a resize, and without colours', async () => {
  const { id } = await server.ash.session();
  for await (const _ of server.ash.client.sendMessageStream(id, answer));
  // The prompt has all these words as well.
  const shown = (screen: string) => {
    const told = screen.slice(screen.lastIndexOf('</script>'));
    return told.slice(told.indexOf('# Title'), told.indexOf('The end.'));
  };

  using narrow = open(['chat', '-s', id], { env: { NO_COLOR: '1' }, rows: 40 });
  const at80 = shown(await narrow.shows(ending));
  expect(at80).toBe(`# Title

Some bold words.

name │ what it is
─────┼──────────────────────────────────────────────────────────────────────────
日本 │ a cell that needs more room than a narrow terminal has, and so is wrapped
     │ in it

  \`\`\`ts
  const line = "a very long line of code that does not fit into eighty columns a
  nd is folded"; // why
  \`\`\`

`);
  expect(narrow.screen({ styled: true })).not.toContain('\x1b[');

  using wide = open(['chat', '-s', id], { env: { NO_COLOR: '1' }, columns: 200, rows: 40 });
  const at200 = shown(await wide.shows(ending));
  expect(at200).toContain('\n日本 │ a cell that needs more room than a narrow terminal has, and so is wrapped in it\n');
  expect(at200).toContain(
    '\n  const line = "a very long line of code that does not fit into eighty columns and is folded"; // why\n',
  );

  wide.resize(80, 40);
  await wide.shows('eighty columns a\n  nd');
  expect(shown(wide.screen())).toBe(at80);
  wide.resize(200, 40);
  await wide.shows(/so is wrapped in it\n[^<]*$/);
  expect(shown(wide.screen())).toBe(at200);
});

test.skipIf(noTmux)('styles where there are colours', async () => {
  using terminal = open(['chat', 'agent']);
  await terminal.shows('listens');
  terminal.type(script('Some **bold** words.'));
  terminal.press('Enter');
  await terminal.shows('Some bold words.');
  expect(terminal.screen({ styled: true })).toMatch(/Some \x1b\[1mbold\x1b\[0m.* words\./);
});

test.skipIf(noTmux)('a tool is asked about, run and folded; the questions of the agent are answered', async () => {
  using terminal = open(['chat', 'agent', '--permission-mode', 'default'], { rows: 40 });
  await terminal.shows('listens');
  terminal.type('Run touch made.txt');
  terminal.press('Enter');
  const asking = await terminal.shows('y allow');
  expect(asking).toContain('┃ Bash asks for leave');
  expect(asking).toContain('┃   $ touch made.txt');
  terminal.type('y');
  await terminal.shows(/✓ Bash touch made.txt.*no output/);

  const questions = [
    {
      question: 'Which colour?',
      header: 'Colour',
      multiSelect: false,
      options: [
        { label: 'Red', description: 'warm' },
        { label: 'Blue', description: 'cold' },
      ],
    },
    {
      question: 'Which sizes?',
      header: 'Size',
      multiSelect: true,
      options: [
        { label: 'S', description: 'small' },
        { label: 'L', description: 'large' },
      ],
    },
  ];
  terminal.type(script({ tools: [{ name: 'AskUserQuestion', input: { questions } }] }, 'Told: {{result}}'));
  terminal.press('Enter');
  expect(await terminal.shows('Which colour? (1 of 2)')).toContain('┃   2  Blue  cold');
  terminal.type('2');
  terminal.press('Enter');
  await terminal.shows('Which sizes? (2 of 2)');
  terminal.type('1,2');
  terminal.press('Enter');
  expect((await terminal.shows('Told: Your')).replace(/\s+/g, ' ')).toContain(
    '"Which colour?"="Blue", "Which sizes?"="S, L"',
  );

  terminal.type('Run touch second.txt');
  terminal.press('Enter');
  await terminal.shows('y allow');
  terminal.type('n');
  await terminal.shows('Why not?');
  terminal.type('Not now.');
  terminal.press('Enter');
  await terminal.shows('Bash was denied: Not now.');
  await terminal.shows('That did not work');

  terminal.type('Run touch third.txt');
  terminal.press('Enter');
  await terminal.shows('always allow Bash');
  terminal.type('a');
  await terminal.shows(/✓ Bash touch third.txt/);
  await terminal.shows('Bash runs without asking in this session from now on.');
  terminal.type('Run touch fourth.txt');
  terminal.press('Enter');
  await terminal.shows(/✓ Bash touch fourth.txt/);
});

test.skipIf(noTmux)('a turn is interrupted with Esc; Ctrl-C twice leaves, and the session stays', async () => {
  using terminal = open(['chat', 'agent']);
  await terminal.shows('listens');
  terminal.type('Run sleep 60');
  terminal.press('Enter');
  await terminal.shows(/Bash sleep 60/);
  terminal.press('Escape');
  await terminal.shows('Interrupted');
  terminal.press('C-c');
  await terminal.shows('Ctrl-C again leaves; the session stays');
  terminal.press('C-c');
  const screen = await terminal.shows('[ended 0]');
  const [, id = ''] = /Go on with: ash chat agent -s (\S+)/.exec(screen) ?? [];
  expect((await server.ash.client.getSession(id)).status).toBe('active');
});

test.skipIf(noTmux)('a restart of the server in the middle of a turn is told, and nothing is lost', async () => {
  using terminal = open(['chat', 'agent']);
  await terminal.shows('listens');
  terminal.type(script({ text: 'word ', repeat: 60, delayMs: 60 }, 'unused'));
  terminal.press('Enter');
  await terminal.shows(/word word/);
  const port = new URL(server.ash.url).port;
  await server.ash.kill();
  await terminal.shows('The server does not answer; reconnecting');
  await server.ash.start({ ASH_PORT: port });
  await terminal.shows(/\$\d/);
  const screen = await terminal.shows(/word\n\n›/);
  expect(screen).not.toContain('reconnecting');
  const answer = screen.slice(screen.lastIndexOf('</script>'), screen.lastIndexOf('›'));
  expect(answer.match(/word/g)).toHaveLength(60);
});

test.skipIf(noTmux)('lines are edited, pasted, sent with files, and called back', async () => {
  await writeFile(join(home.folder, 'report.csv'), 'a,b\n1,2\n');
  using terminal = open(['chat', 'agent'], { rows: 40 });
  await terminal.shows('listens');
  terminal.paste('first line\nsecond line');
  await terminal.shows('› first line\n  second line');
  terminal.press('C-u');
  terminal.press('BSpace', 'C-u');
  terminal.type('Read @report.csv');
  terminal.press('Enter');
  await terminal.shows('Attached files: attachments/report.csv');
  terminal.press('Up');
  await terminal.shows(/› Read @report.csv\n[^\n]*agent v1[^\n]*$/);
  terminal.press('C-u');
  terminal.type('/files');
  terminal.press('Enter');
  await terminal.shows('attachments/report.csv');
  terminal.type('/fork');
  terminal.press('Enter');
  await terminal.shows('This is a fork now');
  terminal.type('/end');
  terminal.press('Enter');
  await terminal.shows('Session ended:');
  await terminal.shows('[ended 0]');
});

test.skipIf(noTmux)('one message on a terminal: the answer, and no prompt', async () => {
  using terminal = open(['chat', 'agent', script('A **bold** answer.')], { env: { NO_COLOR: '1' } });
  const screen = await terminal.shows('[ended 0]');
  expect(screen).toContain('A bold answer.\n');
  expect(screen).toContain('Session: ');
});
