/** The examples as a user runs them, against a real server with the scripted model; the chat page in a real browser. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { script } from '@ash-ai/scripted-model';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { pythonEnv, pythonForSamples } from '../docs/python.ts';
import { useAsh } from '../e2e/harness.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));
const browserPath = '/usr/bin/chromium';
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const server = useAsh();
let folder = '';
let python = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ash-examples-'));
  python = await pythonForSamples();
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function start(program: string, args: string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  return spawn(program, args, {
    cwd: folder,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: folder,
      ASH_SERVER_URL: server.ash.url,
      ASH_API_KEY: server.ash.key,
      ...env,
    },
  });
}

/** Runs a Node example to its end; what it printed. */
async function runNode(path: string, ...args: string[]): Promise<string> {
  return printed(start(process.execPath, ['--conditions=@ash-ai/source', join(examples, path), ...args]));
}

async function printed(child: ChildProcessWithoutNullStreams): Promise<string> {
  child.stdin.end();
  const code = new Promise((resolve) => child.once('exit', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(await code, stdout + stderr).toBe(0);
  return stdout;
}

test('support-bot: a customer comes back, another one is somebody else', async () => {
  expect(await runNode('support-bot/support-bot.ts', 'ada', 'My name is Ada.')).toBe('Nice to meet you, Ada.\n');
  expect(await runNode('support-bot/support-bot.ts', 'ada', 'What is my name?')).toBe('Your name is Ada.\n');
  expect(await runNode('support-bot/support-bot.ts', 'bob', 'What is my name?')).toContain("I don't know your name");
});

test('research-agent: it searches with its own MCP server and writes a report', async () => {
  const question = script(
    { tools: [{ name: 'mcp__library__search', input: { word: 'oxidised' } }] },
    { text: 'Found {{result}}.', tools: [{ name: 'mcp__library__read', input: { title: 'oolong' } }] },
    {
      tools: [
        { name: 'Write', input: { file_path: '{{cwd}}/report.md', content: 'It is oxidised in part. [Oolong]' } },
      ],
    },
    'The report is written.',
  );
  const out = await runNode('research-agent/research.ts', question);
  expect(out).toContain('· mcp__library__search {"word":"oxidised"}');
  expect(out).toContain('Found oolong.');
  expect(out).toContain('The report is written.');
  expect(out).toMatch(/It is oxidised in part\. \[Oolong\]\n$/);
});

test('research-agent: the runtime finds its skill', async () => {
  const question = script({ tools: [{ name: 'Skill', input: { skill: 'citing' } }] }, 'Read.');
  expect(await runNode('research-agent/research.ts', question)).toMatch(
    /· Skill \{"skill":"citing"\}.*Read\..*\(no report\)/s,
  );
});

test('python-bot: several questions at once, answers in order', async () => {
  const out = await printed(
    start(python, [join(examples, 'python-bot/bot.py'), 'Count to 5.', 'My name is Ada.'], pythonEnv),
  );
  expect(out).toBe('1, 2, 3, 4, 5.\nNice to meet you, Ada.\n');
});

test('chat-page: a conversation in a browser that never sees the key', async (context) => {
  if (!existsSync(browserPath)) return context.skip(`no browser at ${browserPath}`);
  const child = start(process.execPath, ['--conditions=@ash-ai/source', join(examples, 'chat-page/server.ts')], {
    PORT: '0',
  });
  const exited = once(child, 'exit');
  const errors = text(child.stderr);
  const first = await Promise.race([once(child.stdout, 'data'), exited]);
  const url = String(first[0]).trim();
  expect(url, url.startsWith('http') ? '' : await errors).toMatch(/^http:/);
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const visitor = await browser.newContext();
    const page = await visitor.newPage();
    const asked: string[] = [];
    const bodies: Promise<string>[] = [];
    page.on('request', (request) => asked.push(`${request.url()} ${JSON.stringify(request.headers())}`));
    page.on('response', (response) => bodies.push(response.text().catch(() => '')));
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(url);
    await page.locator('body[data-ready]').waitFor();
    const say = async (message: string, answer: string): Promise<void> => {
      await page.fill('#text', message);
      await page.click('#send');
      await page.locator('li.assistant', { hasText: answer }).last().waitFor();
      await page.locator('body[data-working=false]').waitFor();
    };
    await say('My name is <b>Ada</b>.', 'scripted model');
    await say('My name is Ada.', 'Nice to meet you, Ada.');
    await page.reload();
    await page.locator('body[data-ready]').waitFor();
    expect(await page.locator('li').allTextContents()).toContain('My name is <b>Ada</b>.');
    await say('What is my name?', 'Your name is Ada.');

    await page.fill('#text', 'Run sleep 60');
    await page.click('#send');
    await page.locator('li.tool').waitFor();
    await page.click('#stop');
    await page.locator('body[data-working=false]').waitFor();

    const { id } = await page.evaluate(
      async () => (await (await fetch('/session', { method: 'POST' })).json()) as { id: string },
    );
    const stranger = await browser.newContext();
    const other = await stranger.request.get(`${url}/ash/api/sessions/${id}/messages`);
    expect(other.status()).toBe(404);

    expect(problems).toEqual([]);
    expect(asked.filter((request) => !request.startsWith(url))).toEqual([]);
    expect([...asked, ...(await Promise.all(bodies))].join('\n')).not.toContain(server.ash.key);
  } finally {
    await browser.close();
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  }
});

test('backend-for-frontend: users get answers in the words of the product, and nothing of Ash', async () => {
  const users = {
    PRODUCT_USERS: 'ada=token-of-ada,bob=token-of-bob',
    PRODUCT_DB: join(folder, 'product.db'),
    PORT: '0',
  };
  const program = ['--conditions=@ash-ai/source', join(examples, 'backend-for-frontend/server.ts')];
  const serve = async () => {
    const child = start(process.execPath, program, users);
    const exited = once(child, 'exit');
    const errors = text(child.stderr);
    const first = String((await Promise.race([once(child.stdout, 'data'), exited]))[0]).trim();
    expect(first, first.startsWith('http') ? '' : await errors).toMatch(/^http:/);
    const call = (path: string, token: string, body?: object) =>
      fetch(`${first}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const stop = async () => {
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
    };
    return { call, stop, errors };
  };
  const seen: string[] = [];
  const first = await serve();
  const ask = async (call: typeof first.call, token: string, question: string) => {
    const answer = await call('/questions', token, { question });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const events = await answer.text();
    seen.push(events, JSON.stringify([...answer.headers]));
    const frames = [...events.matchAll(/^event: (\w+)\ndata: (.*)$/gm)];
    return frames.map(([, type, data]) => ({ type, ...(JSON.parse(data ?? '') as { text?: string }) }));
  };
  const said = (frames: { text?: string }[]) => frames.map((frame) => frame.text ?? '').join('');

  const working = await ask(
    first.call,
    'token-of-ada',
    script({ tools: [{ name: 'Bash', input: { command: 'pwd' } }] }, 'Done.'),
  );
  expect(working.map(({ type }) => type).filter((type, at, all) => type !== all[at - 1])).toEqual([
    'step',
    'text',
    'end',
  ]);
  expect(said(working)).toBe('Done.');
  expect(said(await ask(first.call, 'token-of-ada', 'My name is Ada.'))).toBe('Nice to meet you, Ada.');
  expect((await first.call('/questions', 'token-of-ada', { question: '' })).status).toBe(400);
  expect((await first.call('/conversation', 'token-of-eve')).status).toBe(401);
  await first.stop();

  // Its own restart loses no conversation, and another user has another one.
  const second = await serve();
  expect(said(await ask(second.call, 'token-of-ada', 'What is my name?'))).toBe('Your name is Ada.');
  expect(await (await second.call('/conversation', 'token-of-bob')).json()).toEqual({ said: [] });
  const conversation = await (await second.call('/conversation', 'token-of-ada')).text();
  expect(conversation).toContain('"Nice to meet you, Ada."');
  expect(await (await second.call('/stop', 'token-of-ada', {})).json()).toEqual({ stopped: true });
  await second.stop();
  expect([...seen, conversation].join('\n')).not.toContain(server.ash.key);
  expect(seen.join('\n')).not.toMatch(/Bash|\/workspace|session/i);
});
