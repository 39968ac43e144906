/**
 * Every code sample of the documentation, run: TypeScript and Python each as a program of its own, the shell samples of a
 * page as one script, JSON parsed. They meet one real server with the scripted model. A sample may use `client` and
 * `session` (in a shell `$SESSION`) without making them.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { useAsh } from '../e2e/harness.ts';
import { missingLines, type Page, pagesOf, type Sample } from './extract-samples.ts';
import { pythonEnv, pythonForSamples } from './python.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pages = pagesOf(root).filter(({ samples }) => samples.length > 0);
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });
const internalSecret = 'internal-secret-of-the-samples';
const server = useAsh({ env: { ASH_CREDENTIAL_KEY: 'seals-the-samples', ASH_INTERNAL_SECRET: internalSecret } });
let folder = '';
let python = '';
/** How many samples may go without being run: a higher number is a decision. */
const mostNotRun = 16;

beforeAll(async () => {
  python = await pythonForSamples();
  folder = await mkdtemp(join(tmpdir(), 'ash-samples-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await mkdir(join(folder, 'bin'));
  const ash = `exec '${process.execPath}' '${join(root, 'packages/cli/bin/ash.js')}'`;
  await program('ash', `${ash} "$@"`);
  await program('npx', `shift; ${ash} "$@"`);
  // A refused request is a broken sample.
  await program('curl', 'exec /usr/bin/curl --fail-with-body "$@"');
  for (const name of ['my-agent', 'helper', 'another-agent']) {
    await server.ash.client.createAgent(name, { systemPrompt: 'You are a helper.' });
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the samples that are not run are few, and say why', () => {
  const notRun = pages.flatMap(({ samples }) => samples.filter((sample) => sample.notRun !== undefined));
  expect(notRun.length).toBeLessThanOrEqual(mostNotRun);
  expect(pages.flatMap(({ samples }) => samples).length - notRun.length).toBeGreaterThan(80);
});

describe.each(pages.filter(({ samples }) => samples.some(isRun)))('$path', (page) => {
  const of = (language: Sample['language']) =>
    page.samples.filter((sample) => sample.language === language && isRun(sample));
  const [json, shell] = [of('json'), of('sh')];
  if (json.length > 0) {
    test('JSON can be read', () => {
      for (const sample of json) expect(() => JSON.parse(sample.code), sample.place).not.toThrow();
    });
  }
  if (shell.length > 0) test('its shell samples, one after the other', () => runShell(page, shell));
  for (const sample of of('ts')) test(sample.place, () => runTypeScript(sample));
  for (const sample of of('python')) test(sample.place, () => runPython(sample));
});

function isRun(sample: Sample): boolean {
  return sample.notRun === undefined;
}

async function runTypeScript(sample: Sample): Promise<void> {
  const code = here(sample.code);
  const before: string[] = [];
  if (/\bclient\b/.test(code) && !/\bconst client\b/.test(code)) {
    before.push("import { AshClient as Client__ } from '@ash-ai/sdk';");
    before.push(
      'const client = new Client__({ serverUrl: process.env.ASH_SERVER_URL!, apiKey: process.env.ASH_API_KEY });',
    );
  }
  const own = /\bsession\b/.test(code) && !/\bconst session\b/.test(code);
  if (own) before.push("const session = await client.createSession('my-agent');");
  const file = join(folder, `${nameOf(sample)}.ts`);
  await writeFile(file, [...before, code, ...(own ? ['await client.endSession(session.id);'] : [])].join('\n'));
  await runs(sample, process.execPath, ['--conditions=@ash-ai/source', file], await emptyFolder(sample), clientEnv());
}

async function runPython(sample: Sample): Promise<void> {
  const code = here(sample.code);
  const before: string[] = [];
  if (/\bclient\b/.test(code) && !/^client = /m.test(code) && !/\bas client\b/.test(code)) {
    before.push('import os, ash_ai');
    before.push('client = ash_ai.AshClient(os.environ["ASH_SERVER_URL"], api_key=os.environ["ASH_API_KEY"])');
  }
  if (/\bsession\b/.test(code) && !/\bsession = /.test(code))
    before.push('session = client.create_session("my-agent")');
  const file = join(folder, `${nameOf(sample)}.py`);
  await writeFile(file, [...before, code, ''].join('\n'));
  await runs(sample, python, [file], await emptyFolder(sample), { ...clientEnv(), ...pythonEnv });
}

/** All shell samples of a page as one script, so that a variable of one is there for the next. */
async function runShell(page: Page, samples: readonly Sample[]): Promise<void> {
  const [first] = samples;
  if (first === undefined) return;
  const home = await emptyFolder(first);
  await cp(join(root, 'examples'), join(home, 'examples'), { recursive: true });
  const session = page.ownServer ? undefined : await server.ash.client.createSession('my-agent');
  const port = page.ownServer ? await freePort() : 0;
  const ready = (code: string) =>
    page.ownServer ? code.replaceAll('localhost:4100', `127.0.0.1:${port}`) : here(code);
  const parts = samples.map(({ code, place }) => `echo '### ${place}'\n${ready(code)}`);
  // A page that starts a server of its own must not leave it, whatever comes.
  const end = page.ownServer ? 'trap "ash stop >/dev/null 2>&1 || true" EXIT\n' : '';
  const script = `set -euo pipefail\n${end}${parts.join('\n')}\necho '### end'\n`;
  const env = page.ownServer ? ownServerEnv(home, port) : { ...clientEnv(), HOME: home, SESSION: session?.id ?? '' };
  const printed = await runs({ ...first, output: [] }, 'bash', ['-c', script], home, env);
  for (const { place, output } of samples) {
    const own = printed.split(`### ${place}\n`)[1]?.split('### ')[0] ?? '';
    expect(missingLines(own, output), `${place}\n${own}`).toEqual([]);
  }
  if (session !== undefined) await server.ash.client.endSession(session.id);
}

/** Runs a program to its end; what it printed. It must succeed and print what the page says. */
async function runs(
  sample: Sample,
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string>,
): Promise<string> {
  const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)]);
  expect({ code, missing: missingLines(stdout, sample.output) }, `${sample.place}\n${stdout}\n${stderr}`).toEqual({
    code: 0,
    missing: [],
  });
  return stdout;
}

async function program(name: string, script: string): Promise<void> {
  await writeFile(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, 'bin', name), 0o755);
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('exit', resolve));
}

/** The code with this server's address and key where a page has the usual ones. */
function here(code: string): string {
  return code.replaceAll('http://localhost:4100', server.ash.url).replaceAll('your-api-key', server.ash.key);
}

function clientEnv(): Record<string, string> {
  return {
    ...{ PATH: path(), HOME: folder, ASH_INTERNAL_SECRET: internalSecret },
    ...{ ASH_SERVER_URL: server.ash.url, ASH_API_KEY: server.ash.key },
  };
}

function ownServerEnv(home: string, port: number): Record<string, string> {
  const model = { ANTHROPIC_BASE_URL: server.ash.model.url, ANTHROPIC_API_KEY: 'scripted' };
  return { PATH: path(), HOME: home, ASH_HOST: '127.0.0.1', ASH_PORT: String(port), ...model };
}

/** A port that is free at the moment. */
async function freePort(): Promise<number> {
  await using probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  return (probe.address() as AddressInfo).port;
}

function path(): string {
  return `${join(folder, 'bin')}:${process.env.PATH ?? '/usr/bin:/bin'}`;
}

function nameOf(sample: Sample): string {
  return sample.place.replaceAll(/[^\w]+/g, '-');
}

async function emptyFolder(sample: Sample): Promise<string> {
  const path = join(folder, 'work', nameOf(sample));
  await mkdir(path, { recursive: true });
  return path;
}
