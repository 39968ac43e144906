import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Session } from '@ash-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useAsh } from '../../../test/e2e/harness.ts';
import type { Home } from './ash.ts';
import { expectAsContract, homeOf, json } from './real-server.ts';

const server = useAsh({ env: { ASH_CREDENTIAL_KEY: 'a long secret for the tests of the command line' } });
let home: Home;
beforeAll(async () => {
  home = await homeOf(server.ash);
});
afterAll(() => home[Symbol.asyncDispose]());

const create = async (...options: string[]) =>
  (await json<Session>(home, ['session', 'create', 'agent', ...options])).id;

test('a session lives: created, listed, sent to, read, forked, paused, ended', async () => {
  const session = await json<Session>(home, ['session', 'create', 'agent', '--model', 'claude-test']);
  expectAsContract('createSession', 'session', session);
  expect(session.model).toBe('claude-test');
  const { id } = session;
  const list = await json<Session[]>(home, ['session', 'list', '--agent', 'agent', '--status', 'active']);
  expectAsContract('listSessions', 'sessions', list);
  expect(list.map((one) => one.id)).toContain(id);
  expectAsContract('getSession', 'session', await json(home, ['session', 'get', id]));

  const script = JSON.stringify([
    { tools: [{ name: 'Bash', input: { command: 'echo made > made.txt' } }] },
    'It is made.',
  ]);
  const sent = await home.ash(['session', 'send', id, `Go. <script>${script}</script>`]);
  expect(sent).toMatchObject({ code: 0, stdout: 'It is made.\n' });
  expect(sent.stderr).toContain('[Bash] command: echo made > made.txt');

  const messages = await json<{ sequence: number }[]>(home, ['session', 'messages', id]);
  expectAsContract('listMessages', 'messages', messages);
  expectAsContract('listSessionEvents', 'events', await json(home, ['session', 'events', id]));
  expectAsContract('listEgress', 'records', await json(home, ['session', 'egress', id]));
  expectAsContract('getSessionLogs', undefined, await json(home, ['session', 'logs', id]));
  expectAsContract('listSessionFiles', undefined, await json(home, ['session', 'files', id]));
  const people = (await home.ash(['session', 'messages', id, '--table'])).stdout;
  expect(people).toMatch(/SEQ +TIME +ROLE +TEXT\n/);
  expect(people).toMatch(/assistant +It is made\.\n/);
  const events = (await home.ash(['session', 'events', id, '--table'])).stdout;
  expect(events).toMatch(/tool_start +Bash echo made > made\.txt\n/);

  const fork = await json<Session>(home, ['session', 'fork', id, '--resume']);
  expectAsContract('getSession', 'session', fork);
  expect(fork).toMatchObject({ parentSessionId: id, status: 'active' });
  expect((await home.ash(['session', 'files', fork.id, 'made.txt'])).stdout).toBe('made\n');
  const configured = await json<Session>(home, [
    'session',
    'config',
    id,
    '--disallow-tool',
    'Bash',
    '--unset',
    'model',
  ]);
  expect(configured).toMatchObject({ model: null, config: { disallowedTools: ['Bash'] } });
  expect(await json(home, ['session', 'config', id])).toEqual({ model: null, config: { disallowedTools: ['Bash'] } });
  for (const [verb, status] of [
    ['pause', 'paused'],
    ['resume', 'active'],
    ['stop', 'stopped'],
    ['end', 'ended'],
  ] as const) {
    expect((await json<Session>(home, ['session', verb, id])).status).toBe(status);
  }
  expect(await json(home, ['session', 'interrupt', fork.id])).toEqual({ interrupted: false, turnId: null });
  expect((await home.ash(['session', 'end', fork.id, '--quiet'])).stdout).toBe(`${fork.id}\n`);
});

test('variables and other options of a new session reach it', async () => {
  await writeFile(join(home.folder, '.env'), 'A=from-file\nB="two words"\n');
  const id = await create('-e', 'A=given', '--env-file', '.env', '--with', '{"disallowedTools":["Bash"]}');
  const { stdout } = await home.ash(['session', 'exec', id, 'echo "$A,$B"']);
  expect(stdout).toBe('given,two words\n');
  expect(await json<Session>(home, ['session', 'get', id])).toMatchObject({ config: { disallowedTools: ['Bash'] } });
});

test('exec passes output and exit code on', async () => {
  const id = await create();
  const ran = await home.ash(['session', 'exec', id, '--', 'echo', 'out;', 'echo err >&2;', 'exit 7']);
  expect(ran).toEqual({ code: 7, stdout: 'out\n', stderr: 'err\n' });
  const asJson = await home.ash(['session', 'exec', id, 'exit 3', '--json']);
  expect(asJson.code).toBe(3);
  expectAsContract('execInSession', undefined, JSON.parse(asJson.stdout));
  const late = await home.ash(['session', 'exec', id, 'sleep 60', '--timeout', '200']);
  expect(late.stderr).toContain('Killed: it ran longer than --timeout allows.');
  expect(late.code).not.toBe(0);
});

test('Ctrl-C leaves a command and says so', async () => {
  const id = await create();
  const running = home.spawn(['session', 'exec', id, 'touch begun; while [ ! -e go ]; do sleep 0.1; done']);
  let stderr = '';
  running.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  while ((await home.ash(['session', 'files', id, 'begun'])).code !== 0);
  running.kill('SIGINT');
  expect(await new Promise((resolve) => running.once('exit', resolve))).toBe(130);
  expect(stderr).toBe('Left it. The command goes on until it ends or its time is up.\n');
  expect((await home.ash(['session', 'exec', id, 'touch go'])).code).toBe(0);
});

test('the log of a sandbox is followed, also into its next life', async () => {
  const id = await create();
  expect((await home.ash(['session', 'exec', id, 'true'])).code).toBe(0);
  const following = home.spawn(['session', 'logs', id, '--follow']);
  let shown = '';
  following.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
  });
  const starts = () => shown.match(/ system Sandbox started\n/g)?.length ?? 0;
  const more = () => new Promise((resolve) => following.stdout.once('data', resolve));
  while (starts() < 1) await more();
  await home.ash(['session', 'pause', id]);
  await home.ash(['session', 'resume', id]);
  expect((await home.ash(['session', 'exec', id, 'true'])).code).toBe(0);
  while (starts() < 2) await more();
  following.kill('SIGINT');
  expect(await new Promise((resolve) => following.once('exit', resolve))).toBe(0);
  expect(starts()).toBe(2);
});

test('a shell keeps its folder and its variables, and ends as its last command', async () => {
  const id = await create();
  const lines = [
    'mkdir -p "a b" && cd "a b"',
    "export GREETING='hel lo'",
    'echo "$GREETING in $(basename "$PWD")"',
    'printf no-newline',
    'cd /nowhere',
    'pwd | grep -o "a b$"; (exit 4)',
  ];
  const ran = await home.ash(['session', 'shell', id], { stdin: `${lines.join('\n')}\n` });
  expect(ran.stdout).toBe('hel lo in a b\nno-newlinea b\n');
  expect(ran.stderr).toContain('/nowhere');
  expect(ran.code).toBe(4);
});

test('files go there and back', async () => {
  const id = await create();
  const bytes = Buffer.from([0, 255, 10, 13]);
  await writeFile(join(home.folder, 'b.bin'), bytes);
  expect((await home.ash(['session', 'files', 'put', id, 'b.bin', 'deep/er/'])).stdout).toBe('Wrote deep/er/b.bin\n');
  expect((await home.ash(['session', 'files', 'put', id, '-', 'note.md'], { stdin: 'Hello' })).code).toBe(0);
  const listed = await home.ash(['session', 'files', 'ls', id, '--quiet']);
  expect(listed.stdout.trim().split('\n').sort()).toEqual(['CLAUDE.md', 'deep/er/b.bin', 'note.md']);
  await home.ash(['session', 'files', 'get', id, 'deep/er/b.bin', 'back.bin']);
  expect(await readFile(join(home.folder, 'back.bin'))).toEqual(bytes);
  expect((await home.ash(['session', 'files', 'get', id, 'note.md'])).stdout).toBe('Hello');
  expect((await home.ash(['session', 'files', 'download', id])).stdout).toMatch(/^Wrote .*\.tar\.gz/);
  expect((await readFile(join(home.folder, `${id}.tar.gz`))).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
  expect((await home.ash(['session', 'files', 'rm', id, 'note.md'])).stdout).toBe('Deleted note.md\n');
  const gone = await home.ash(['session', 'files', id, 'note.md']);
  expect(gone.code).toBe(1);
  expect(gone.stderr).toMatch(/failed \(404\): .*\n(?: {2}.*\n)? {2}file_not_found · request \S+\n$/);
});

test('a file goes with a message', async () => {
  const id = await create();
  await writeFile(join(home.folder, 'numbers.csv'), '1,2\n');
  await home.ash(['session', 'send', id, 'Look.', '--file', 'numbers.csv']);
  expect((await home.ash(['session', 'files', id, 'attachments/numbers.csv'])).stdout).toBe('1,2\n');
  const [message] = await json<{ content: string }[]>(home, ['session', 'messages', id]);
  expect(message?.content).toContain('Attached files: attachments/numbers.csv');
});

test('a turn that is left goes on; it is followed, approved and tailed from elsewhere', async () => {
  const id = await create('--permission-mode', 'default');
  const script = JSON.stringify([
    { tools: [{ name: 'Bash', input: { command: 'touch allowed.txt' } }] },
    'Done: {{result}}.',
  ]);
  const detached = await json<{ turnId: string }>(home, [
    'session',
    'send',
    id,
    `<script>${script}</script>`,
    '--detach',
  ]);
  const following = home.spawn(['session', 'follow', id, '--turn', detached.turnId, '--json']);
  let events = '';
  following.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    events += chunk;
  });
  const ended = new Promise((resolve) => following.once('exit', resolve));
  while (!events.includes('"type":"approval"')) await new Promise((resolve) => following.stdout.once('data', resolve));
  const [approval] = await json<{ id: string }[]>(home, ['session', 'approvals', id, '--status', 'pending']);
  expect((await home.ash(['session', 'approve', id])).stdout).toContain(approval?.id);
  expect(await ended).toBe(0);
  const asked = (await home.ash(['session', 'follow', id, '--turn', detached.turnId, '--table'])).stderr;
  expect(asked).toContain('? Bash waits for leave: touch allowed.txt');
  expect(asked).toContain(`ash session approve ${id}`);
  const types = events
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  expect(types.at(-1)).toBe('done');
  expect((await home.ash(['session', 'files', id, 'allowed.txt'])).code).toBe(0);

  const tailing = home.spawn(['session', 'tail', id, '-t', 'approval']);
  let lines = '';
  tailing.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    lines += chunk;
  });
  while (!lines.includes('answered')) await new Promise((resolve) => tailing.stdout.once('data', resolve));
  tailing.kill('SIGINT');
  expect(await new Promise((resolve) => tailing.once('exit', resolve))).toBe(0);
  expect(lines).toMatch(/^\d\d:\d\d:\d\d #\d+ \[approval\] requested Bash\n.* answered allow\n$/);
});

test('Ctrl-C leaves a turn and says so; the turn goes on', async () => {
  const { ash } = server;
  const id = await create();
  const gate = ash.gate.hold('Wait for me.');
  const sending = home.spawn(['session', 'send', id, 'Wait for me.']);
  let stderr = '';
  sending.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  await gate.reached;
  sending.kill('SIGINT');
  expect(await new Promise((resolve) => sending.once('exit', resolve))).toBe(130);
  const [, turnId] = /The turn goes on\.\n {2}watch {2}ash session follow \S+ --turn (\S+)/.exec(stderr) ?? [];
  gate.open();
  expect((await home.ash(['session', 'follow', id, '--turn', String(turnId)])).code).toBe(0);
});

test('follow goes on over a restart of the server', async () => {
  const { ash } = server;
  const id = await create();
  const following = home.spawn(['session', 'follow', id, '--table']);
  let shown = '';
  following.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    shown += chunk;
  });
  const more = () => new Promise((resolve) => following.stdout.once('data', resolve));
  await ash.client.enqueue('agent', 'First.', { sessionId: id });
  while (!shown.includes('> First.')) await more();
  const { port } = new URL(ash.url);
  await ash.stop();
  await ash.start({ ASH_CREDENTIAL_KEY: 'a long secret for the tests of the command line', ASH_PORT: port });
  await ash.client.enqueue('agent', 'Second.', { sessionId: id });
  while (!shown.includes('> Second.')) await more();
  following.kill('SIGINT');
  expect(await new Promise((resolve) => following.once('exit', resolve))).toBe(0);
  expect(shown.match(/> First\./g)).toHaveLength(1);
});
