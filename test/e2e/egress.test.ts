/** What leaves a sandbox, tried from inside by a real agent: what is listed is reached, all else is not, and no key is inside. */
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import type { EgressRecord } from '@ash-ai/shared/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Ash, until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { say } from './streams.ts';

const canary = 'canary-of-the-egress-test';
const env = {
  ASH_CREDENTIAL_KEY: 'a secret for tests',
  ASH_EGRESS_CEILING: '*,127.0.0.1:*',
  ANTHROPIC_API_KEY: `${canary}-model`,
};
const use = useAsh({ env });

/** A host outside of the walls, on an address that only a rule can open. */
let outside: Server;
let port = 0;
let seen: IncomingMessage['headers'][] = [];

beforeAll(async () => {
  outside = createServer((call, answer) => {
    seen.push(call.headers);
    answer.end(`reached ${call.url}`);
  });
  outside.listen(0, '127.0.0.1');
  await once(outside, 'listening');
  port = (outside.address() as AddressInfo).port;
});
afterAll(async () => {
  outside.closeAllConnections();
  await new Promise((resolve) => outside.close(resolve));
});

/** A session with these terms. */
async function session(ash: Ash, terms: Record<string, unknown>): Promise<string> {
  const response = await ash.call('POST', '/api/sessions', { body: { agent: 'agent', ...terms } });
  const body = (await response.json()) as { session: { id: string } };
  expect(response.status, JSON.stringify(body)).toBe(201);
  return body.session.id;
}

/** What a shell command of the agent prints. */
async function shell(ash: Ash, sessionId: string, command: string): Promise<string> {
  const turn = await say(ash, sessionId, script({ tools: [{ name: 'Bash', input: { command } }] }, '{{result}}'));
  expect(turn).toMatchObject({ status: 'completed', error: undefined });
  return turn.text;
}

async function egress(ash: Ash, sessionId: string, query = ''): Promise<(EgressRecord & { seq: number })[]> {
  const response = await ash.call('GET', `/api/sessions/${sessionId}/egress${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { records: EgressRecord[] }).records;
}

describe('what runs beside the agent', () => {
  const curl = 'curl -sS --max-time 20 --noproxy none --proxy $HTTP_PROXY';

  test('set-up scripts and commands reach what the list says, and nothing else; all of it is written down', async () => {
    const { ash } = use;
    const url = `http://127.0.0.1:${port}`;
    const files = {
      'CLAUDE.md': 'x',
      '.ash/sandbox.json': JSON.stringify({ egress: { allow: [`127.0.0.1:${port}`] } }),
      'install.sh': `${curl} ${url}/set-up > got.txt; ${curl} http://unlisted.test/ >> got.txt`,
    };
    await ash.client.deployAgent('installs', await ash.agentFolder('installs', files));
    const { id } = await ash.client.createSession('installs');
    const got = await shell(ash, id, 'cat got.txt');
    expect(got).toContain('reached /set-up');
    expect(got).toContain('unlisted.test');
    const run = async (command: string) => {
      const reply = await ash.call('POST', `/api/sessions/${id}/exec`, { body: { command } });
      return (await reply.json()) as { exitCode: number; stdout: string };
    };
    expect(await run(`${curl} ${url}/command`)).toMatchObject({ exitCode: 0, stdout: 'reached /command' });
    expect((await run(`${curl} http://elsewhere.test/`)).stdout).toContain('add "elsewhere.test" to "allow"');
    expect((await run(`exec 3<>/dev/tcp/127.0.0.1/${port}`)).exitCode).not.toBe(0);
    let records: EgressRecord[] = [];
    await until(async () => {
      records = await egress(ash, id);
      return records.some(({ host }) => host === 'elsewhere.test');
    });
    const of = (host: string) =>
      records.filter((record) => record.host === host && record.model === null).map(({ allowed }) => allowed);
    expect([of('127.0.0.1'), of('unlisted.test'), of('elsewhere.test')]).toEqual([[true, true], [false], [false]]);
  });

  test('a failed set-up says what it was refused, and that is written down too', async () => {
    const { ash } = use;
    const files = {
      'CLAUDE.md': 'x',
      '.ash/sandbox.json': JSON.stringify({ egress: { allow: ['example.test'] } }),
      'install.sh': `${curl} -f http://forbidden.test/ || { ${curl} http://forbidden.test/; exit 3; }`,
    };
    await ash.client.deployAgent('fails', await ash.agentFolder('fails', files));
    const { id } = await ash.client.createSession('fails');
    const turn = await say(ash, id, 'hello');
    expect(turn.error).toMatchObject({ code: 'setup_failed' });
    expect(JSON.stringify(turn.error)).toContain('forbidden.test');
    // Read from what the bridge left, when the session is looked at again.
    await say(ash, id, 'hello again');
    await until(async () => (await egress(ash, id)).some(({ host }) => host === 'forbidden.test'));
    await ash.client.endSession(id);
  });

  test('a command and a first file call of a session that is asleep have the network and the secrets that a turn has', async () => {
    const { ash } = use;
    const url = `http://127.0.0.1:${port}`;
    const key = await ash.call('POST', '/api/credentials', {
      body: { type: 'custom', key: 'secret-of-rule', label: 'x' },
    });
    const { credential } = (await key.json()) as { credential: { id: string } };
    const rule = {
      ...{ host: `127.0.0.1:${port}`, upstream: 'http' },
      headers: { 'x-secret': `{{credential:${credential.id}}}` },
    };
    const files = {
      'CLAUDE.md': 'x',
      '.ash/sandbox.json': JSON.stringify({ egress: { allow: [rule] } }),
      'install.sh': `${curl} ${url}/set-up > got.txt`,
    };
    await ash.client.deployAgent('asleep', await ash.agentFolder('asleep', files));
    const before = seen.length;
    // The very first call of a session makes its workspace, by its scripts.
    const fresh = await ash.client.createSession('asleep');
    const read = await ash.call('GET', `/api/sessions/${fresh.id}/files/got.txt`);
    expect(await read.text()).toBe('reached /set-up');
    // One that was put to sleep is woken for its command.
    await ash.call('POST', `/api/sessions/${fresh.id}/pause`);
    await until(() => processesOf(join(ash.dataDir, 'sandboxes', fresh.id)).length === 0);
    await ash.call('POST', `/api/sessions/${fresh.id}/resume`);
    const reply = await ash.call('POST', `/api/sessions/${fresh.id}/exec`, {
      body: { command: `${curl} ${url}/command; env; cat /proc/*/environ` },
    });
    const ran = (await reply.json()) as { stdout: string };
    expect(ran.stdout).toContain('reached /command');
    expect(ran.stdout).not.toContain('secret-of-rule');
    const secrets = seen.slice(before).map((headers) => headers['x-secret']);
    expect(secrets).toEqual(['secret-of-rule', 'secret-of-rule']);
  });

  test('a command of a session that is allowed nothing has no proxy', async () => {
    const { ash } = use;
    const id = await session(ash, {});
    const reply = await ash.call('POST', `/api/sessions/${id}/exec`, { body: { command: 'echo "[$HTTP_PROXY]"' } });
    expect(await reply.json()).toMatchObject({ exitCode: 0, stdout: '[]\n' });
  });
});

describe('a session with a list', () => {
  test('reaches what is on it, by request and by tunnel, and learns why it does not reach the rest', async () => {
    const { ash } = use;
    const id = await session(ash, { egress: { allow: [`127.0.0.1:${port}`] } });
    const url = `http://127.0.0.1:${port}`;
    // The proxy variables spare 127.0.0.1, as the sandbox has one of its own.
    const curl = `curl -s --max-time 20 --noproxy none --proxy $HTTP_PROXY`;
    expect(await shell(ash, id, `${curl} ${url}/plain`)).toContain('reached /plain');
    expect(await shell(ash, id, `${curl} --proxytunnel ${url}/tunnel`)).toContain('reached /tunnel');
    expect(await shell(ash, id, 'curl -s --max-time 20 http://unlisted.test/')).toContain(
      'add "unlisted.test" to "allow"',
    );
    expect(await shell(ash, id, 'curl -s --max-time 20 http://localhost:22/ --noproxy none')).toContain(
      'is not on the list',
    );
    expect(await shell(ash, id, `curl -s --max-time 5 --noproxy '*' ${url}/direct; echo "left with $?"`)).toContain(
      'left with 7',
    );
    expect(await shell(ash, id, 'curl -s --max-time 5 --noproxy \'*\' http://1.1.1.1/; echo "left with $?"')).toContain(
      'left with 7',
    );

    const records = await egress(ash, id);
    expect(records.filter(({ method }) => method !== 'model')).toMatchObject([
      { method: 'plain', host: '127.0.0.1', port, address: '127.0.0.1', allowed: true, status: 200, reason: null },
      { method: 'connect', host: '127.0.0.1', port, allowed: true },
      { method: 'plain', host: 'unlisted.test', port: 80, address: null, allowed: false, reason: 'not_listed' },
      { method: 'plain', host: 'localhost', port: 22, allowed: false, reason: 'not_listed' },
    ]);
    expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1));
    expect(await egress(ash, id, '?after=2&limit=1')).toEqual([records[2]]);
    expect(records.every(({ turnId }) => turnId !== null)).toBe(true);
    // The model has not gone through the proxy, but through its own socket.
    const calls = records.filter(({ method }) => method === 'model');
    expect(calls.length).toBe(12);
    for (const call of calls)
      expect(call).toMatchObject({ allowed: true, status: 200, count: 1, tokens: { input: expect.any(Number) } });
  });

  test('has placeholders only; the proxy puts the key in', async () => {
    const { ash } = use;
    const stored = await ash.call('POST', '/api/credentials', {
      body: { type: 'custom', key: `${canary}-header`, label: 'x' },
    });
    const { credential } = (await stored.json()) as { credential: { id: string } };
    const rule = {
      ...{ host: `127.0.0.1:${port}`, upstream: 'http' },
      headers: { authorization: `Bearer {{credential:${credential.id}}}` },
    };
    const id = await session(ash, { egress: { allow: [rule] } });
    seen = [];
    const asked = `curl -s --max-time 20 -H 'authorization: Bearer placeholder' $ASH_EGRESS/http/127.0.0.1:${port}/keyed`;
    expect(await shell(ash, id, asked)).toContain('reached /keyed');
    expect(seen).toMatchObject([{ authorization: `Bearer ${canary}-header` }]);

    const [head, tail] = [canary.slice(0, 8), canary.slice(8)];
    // Put together inside only, so that the search does not find itself.
    const search = [
      `c="${head}""${tail}"`,
      'grep -alF "$c" /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null',
      'grep -rlF "$c" /workspace /home/agent /tmp /run/ash /etc 2>/dev/null',
      'env | grep -F "$c"',
      'echo searched',
    ].join('; ');
    expect((await shell(ash, id, search)).trim()).toBe('searched');
    const memory = `python3 -c '1' 2>/dev/null; perl -e 'my $c = "${head}" . "${tail}"; my $n = 0; for my $p (glob("/proc/[0-9]*")) { next if $p eq "/proc/$$"; open(my $m, "<", "$p/maps") or next; my @r = map { /^(\\w+)-(\\w+) rw/ ? [hex $1, hex $2] : () } <$m>; open(my $h, "<:raw", "$p/mem") or next; $n++; for (@r) { next if $_->[1] - $_->[0] > 1 << 26; sysseek($h, $_->[0], 0) or next; sysread($h, my $b, $_->[1] - $_->[0]) or next; print "FOUND $p\\n" if index($b, $c) >= 0 } } print "read $n\\n"'`;
    expect(await shell(ash, id, memory)).not.toContain('FOUND');

    // Nor in what the API tells, the log, the transcript, the files of the sandbox.
    const told = await Promise.all(
      [
        `/api/sessions/${id}`,
        `/api/sessions/${id}/egress`,
        `/api/sessions/${id}/events`,
        `/api/sessions/${id}/messages?limit=1000`,
      ].map(async (path) => (await ash.call('GET', path)).text()),
    );
    expect(told.join('\n')).not.toContain(canary);
    expect(JSON.stringify(ash.log)).not.toContain(canary);
    expect(await holding(join(ash.dataDir, 'sandboxes', id), canary)).toEqual([]);
  });

  test('asks for a credential that is there', async () => {
    const { ash } = use;
    const rule = { host: 'api.example.com', headers: { 'x-key': '{{credential:none}}' } };
    const response = await ash.call('POST', '/api/sessions', { body: { agent: 'agent', egress: { allow: [rule] } } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'credential_invalid' });
  });

  test.each([
    ['a host that is none', { allow: ['http://api.example.com'] }],
    ['headers for many hosts', { allow: [{ host: '*.example.com', headers: { 'x-key': 'x' } }] }],
    ['a header of the proxy', { allow: [{ host: 'api.example.com', headers: { Host: 'x' } }] }],
    ['a field that is none', { allow: [], deny: [] }],
  ])('is not made with %s', async (_what, given) => {
    const response = await use.ash.call('POST', '/api/sessions', { body: { agent: 'agent', egress: given } });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'validation_failed' });
  });
});

test('a session without a list reaches nothing, and nothing listens inside', async () => {
  const { ash } = use;
  const id = await session(ash, {});
  const command = `env | grep -ci proxy; curl -s --max-time 5 http://127.0.0.1:3128/; echo "left with $?"`;
  expect(await shell(ash, id, command)).toMatch(/^0\nleft with 7/);
  // The socket is there, and refuses.
  const direct = 'curl -s --max-time 5 --unix-socket /run/ash/egress.sock http://localhost/http/example.com/';
  expect(await shell(ash, id, direct)).toContain('add "example.com" to "allow"');
});

test("the agent's own list counts where the session has none", async () => {
  const { ash } = use;
  const sandbox = JSON.stringify({ egress: { allow: [`127.0.0.1:${port}`] } });
  await ash.client.deployAgent('open', await ash.agentFolder('open', { 'CLAUDE.md': '# Open\n' }));
  const files = [
    { path: 'CLAUDE.md', content: Buffer.from('# Open\n').toString('base64') },
    { path: '.ash/sandbox.json', content: Buffer.from(sandbox).toString('base64') },
  ];
  await ash.client.createAgent('open', { files });
  const response = await ash.call('POST', '/api/sessions', { body: { agent: 'open' } });
  const { session: made } = (await response.json()) as { session: { id: string } };
  expect(await shell(ash, made.id, `curl -s $ASH_EGRESS/http/127.0.0.1:${port}/own`)).toContain('reached /own');
});

describe('ceilings over model calls end the turn with their code', () => {
  test.each([
    ['model_not_allowed', { models: ['claude-haiku-*'] }],
    ['spend_limit_reached', { maxTokens: 1 }],
  ])('%s', async (code, modelLimits) => {
    const { ash } = use;
    const id = await session(ash, { modelLimits, model: 'claude-sonnet-4-5' });
    if (code === 'spend_limit_reached') await say(ash, id, 'Hello.');
    const turn = await say(ash, id, 'Hello.');
    expect(turn).toMatchObject({ status: 'failed', error: { code } });
    expect((await egress(ash, id)).at(-1)).toMatchObject({ method: 'model', allowed: false, reason: code });
    // What was spent stays spent when its processes come and go.
    await ash.client.pauseSession(id);
    await ash.client.resumeSession(id);
    expect(await say(ash, id, 'Hello.')).toMatchObject({ status: 'failed', error: { code } });
  });
});

/** Files below a folder that hold a text. */
async function holding(folder: string, text: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if ((await readFile(path)).includes(text)) found.push(path);
  }
  return found;
}

test('a tenant that has spent its month is told so before its next turn; walls or not, the proxy is there', async () => {
  const limited = { ...env, ASH_ISOLATION: 'process', ASH_TENANT_SPEND_USD: '0.000001' };
  await using ash = await Ash.start({ env: limited });
  const id = await session(ash, {
    egress: { allow: [`127.0.0.1:${port}`] },
    permissionMode: 'default',
    allowedTools: ['Bash'],
  });
  const asked = say(
    ash,
    id,
    script({ tools: [{ name: 'Bash', input: { command: `curl -s $ASH_EGRESS/http/127.0.0.1:${port}/unwalled` } }] }),
  );
  // Its second model call is one too many already.
  expect(await asked).toMatchObject({ status: 'failed', error: { code: 'spend_limit_reached' } });
  expect(await say(ash, id, 'Hello.')).toMatchObject({
    status: 'failed',
    error: { code: 'spend_limit_reached', error: expect.stringContaining('of this month') },
  });
  expect(await egress(ash, id)).toMatchObject([
    { method: 'model', allowed: true },
    { method: 'plain', host: '127.0.0.1', allowed: true, status: 200 },
    { method: 'model', allowed: false, reason: 'spend_limit_reached' },
  ]);
});
