/** The keys of the model stay outside the wall, and so does everything else of the server's environment. */
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { type Ash, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { say } from './streams.ts';

const apiKey = 'sk-ant-canary-3f1c9a77';
const token = 'token-canary-58be02d4';
const header = 'header-canary-9ad1e6c0';
const canaries = [apiKey, token, header, 'server-canary-77aa00'];

/** In two halves, so that the transcript of the command isn't taken for a find. */
const search = [
  'find="cana""ry"',
  'env > env.txt',
  'for file in /proc/[0-9]*/environ /proc/[0-9]*/cmdline; do cat "$file" 2>/dev/null; done | tr "\\0" "\\n" > proc.txt',
  'grep -rsl --exclude=claude --exclude-dir=proc --exclude-dir=sys --exclude-dir=usr --exclude-dir=lib -e "$find" / > files.txt',
  'echo done',
].join('; ');

async function lookedAround(ash: Ash): Promise<{ id: string; found: Record<'env' | 'proc' | 'files', string> }> {
  const { id } = await ash.session();
  const turn = await say(ash, id, script({ tools: [{ name: 'Bash', input: { command: search } }] }, '{{result}}'));
  expect(turn).toMatchObject({ status: 'completed', text: 'done' });
  const read = (name: string) => readFileSync(join(ash.workspace(id), `${name}.txt`), 'utf8');
  return { id, found: { env: read('env'), proc: read('proc'), files: read('files') } };
}

describe('a key and more headers', () => {
  const use = useAsh({
    model: { apiKey },
    env: {
      ANTHROPIC_API_KEY: apiKey,
      ANTHROPIC_CUSTOM_HEADERS: `X-Team: ${header}\\nX-Other: two`,
      SERVER_ONLY: 'server-canary-77aa00',
    },
  });

  test('are put in outside, and nothing inside shows them or a variable of the server', async () => {
    const { ash } = use;
    const { id, found } = await lookedAround(ash);
    // The model answers 401 to any other key, so the turn proves that the real one was put in.
    const requests = ash.gate.of('cana');
    expect(requests.length).toBeGreaterThan(0);
    for (const { headers } of requests) {
      expect(headers).toMatchObject({ 'x-api-key': apiKey, 'x-team': header, 'x-other': 'two' });
      expect(headers.authorization).toBeUndefined();
    }
    expect(found.files).toBe('');
    for (const canary of canaries) expect(found.env + found.proc).not.toContain(canary);
    expect(found.env + found.proc).not.toMatch(/SERVER_ONLY|CUSTOM_HEADERS/);
    // What the session is told of itself, and nothing of the server's own settings.
    const ours = new Set((found.env + found.proc).match(/\bASH_\w+/g));
    expect([...ours].sort()).toEqual(['ASH_SANDBOX_ID', 'ASH_SESSION_ID', 'ASH_WORKSPACE_DIR']);
    expect(found.env + found.proc).not.toContain(ash.model.url);
    expect(found.env).toMatch(/^ANTHROPIC_API_KEY=set-by-the-gateway$/m);
    // The shell itself was among what was looked at.
    expect(found.proc).toMatch(/^ANTHROPIC_API_KEY=/m);
    expect(found.proc).toContain('/opt/ash/runtime/claude');

    // Outside: no command line, no environment but the server's own, no file, no line of the log.
    const sandbox = processesOf(join(ash.dataDir, 'sandboxes', id));
    expect(sandbox.length).toBeGreaterThan(1);
    for (const { pid } of sandbox) {
      const shown = ['environ', 'cmdline'].map((name) => readFileSync(`/proc/${pid}/${name}`, 'utf8')).join();
      for (const canary of canaries) expect(shown).not.toContain(canary);
    }
    const written = filesBelow(ash.dataDir).filter((path) => {
      const content = readFileSync(path);
      return canaries.some((canary) => content.includes(canary));
    });
    expect(written).toEqual([]);
    await ash.stop();
    for (const canary of canaries) expect(JSON.stringify(ash.log)).not.toContain(canary);
    await ash.start();
  });

  test('do not leave by way of the gateway’s socket', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    expect((await say(ash, id, 'Hello!')).status).toBe('completed');
    const socketPath = join(ash.dataDir, 'sandboxes', id, 'run', 'model.sock');
    const asked = ash.gate.requests.length;
    const own = { 'x-api-key': 'mine', authorization: 'Bearer mine', 'x-team': 'mine', cookie: 'mine' };
    const body = JSON.stringify({ model: 'm', max_tokens: 5, messages: [{ role: 'user', content: 'Hi' }] });
    const answer = await through(socketPath, { method: 'POST', path: '/v1/messages', headers: own, body });
    expect(answer).toMatchObject({ status: 200 });
    expect(ash.gate.requests[asked]?.headers).toMatchObject({ 'x-api-key': apiKey, 'x-team': header });
    expect(ash.gate.requests[asked]?.headers.authorization).toBeUndefined();
    expect(JSON.stringify(answer)).not.toContain('canary');
    for (const path of [
      '/health',
      '/v1/../health',
      '/v1/%2e%2e/health',
      '/v1/..%2fhealth',
      '//127.0.0.1/v1/messages',
      'http://127.0.0.1:1/v1/messages',
      '/v1\\..\\health',
    ]) {
      expect(await through(socketPath, { method: 'GET', path, headers: own }), path).toMatchObject({ status: 403 });
    }
  });
});

describe('a token', () => {
  const use = useAsh({ model: { apiKey: token }, env: { ANTHROPIC_API_KEY: '', ANTHROPIC_AUTH_TOKEN: token } });

  test('is put in outside in place of a key', async () => {
    const { ash } = use;
    const { found } = await lookedAround(ash);
    for (const { headers } of ash.gate.of('cana')) {
      expect(headers.authorization).toBe(`Bearer ${token}`);
      expect(headers['x-api-key']).toBeUndefined();
    }
    expect(found.files).toBe('');
    expect(found.env + found.proc).not.toContain(token);
  });
});

/** One request to a unix socket, its path sent as it is. */
async function through(
  socketPath: string,
  call: { method: string; path: string; headers: Record<string, string>; body?: string },
): Promise<{ status: number | undefined; body: string }> {
  const { body, ...rest } = call;
  const outgoing = request({ socketPath, ...rest });
  const answered = new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    });
  });
  outgoing.end(body);
  return await answered;
}

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
