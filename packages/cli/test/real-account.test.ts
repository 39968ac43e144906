import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Agent, AgentVersion, ApiKey, Credential, QueueItem } from '@ash-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useAsh } from '../../../test/e2e/harness.ts';
import type { Home } from './ash.ts';
import { expectAsContract, homeOf, json, writeFiles } from './real-server.ts';

const server = useAsh({ env: { ASH_CREDENTIAL_KEY: 'a long secret for the tests of the command line' } });
let home: Home;
beforeAll(async () => {
  home = await homeOf(server.ash);
});
afterAll(() => home[Symbol.asyncDispose]());

test('a folder is deployed, its changes are told, and it is rolled back', async () => {
  await writeFiles(home, { 'poet/CLAUDE.md': 'One.', 'poet/skills/a.md': 'a', 'poet/.env': 'SECRET=1' });
  const first = await home.ash(['deploy', 'poet']);
  expect(first).toMatchObject({ code: 0, stdout: 'Deployed agent "poet" (v1)\n' });
  expect(first.stderr).toMatch(/^Not uploaded, for secrets are in them: \.env\n/);
  expect((await home.ash(['deploy', 'poet'])).stderr).toContain('No file has changed');

  await writeFiles(home, { 'poet/CLAUDE.md': 'Two.', 'poet/b.md': 'b' });
  await rm(join(home.folder, 'poet/skills'), { recursive: true });
  const dry = await json<object>(home, ['deploy', 'poet', '--dry-run', '--quiet']);
  const changes = { added: ['b.md'], changed: ['CLAUDE.md'], removed: ['skills/a.md'] };
  expect(dry).toEqual({ name: 'poet', version: expect.any(Number), ...changes });
  const again = await home.ash(['deploy', 'poet']);
  expect(again.stderr).toContain('  + b.md\n  ~ CLAUDE.md\n  - skills/a.md\n');

  const agents = await json<Agent[]>(home, ['agent', 'list']);
  expectAsContract('listAgents', 'agents', agents);
  expect((await home.ash(['agent', 'list', '--quiet'])).stdout).toBe('agent\npoet\n');
  const agent = await json<Agent>(home, ['agent', 'info', 'poet']);
  expectAsContract('getAgent', 'agent', agent);
  expectAsContract('listAgentFiles', undefined, await json(home, ['agent', 'files', 'poet']));
  expect((await home.ash(['agent', 'files', 'poet', 'CLAUDE.md'])).stdout).toBe('Two.');
  const versions = await json<AgentVersion[]>(home, ['agent', 'versions', 'poet']);
  expectAsContract('listAgentVersions', 'versions', versions);
  expect(versions[0]).toMatchObject({ versionNumber: agent.version, isActive: true });
  expect((await json<Agent>(home, ['agent', 'rollback', 'poet', 'v1'])).version).toBe(1);
  expect((await home.ash(['agent', 'rollback', 'poet'])).stderr).toContain('no version before v1');
  expect((await home.ash(['agent', 'files', 'poet', 'CLAUDE.md'])).stdout).toBe('One.');
  expect((await home.ash(['agent', 'delete', 'poet'])).stdout).toBe('Deleted agent: poet\n');
});

test('the queue takes prompts and shows what became of them', async () => {
  const item = await json<QueueItem>(home, ['queue', 'add', 'agent', '-', '--priority', '2'], 'From a pipe.');
  expectAsContract('enqueue', 'item', item);
  expect(item).toMatchObject({ prompt: 'From a pipe.', priority: 2 });
  expectAsContract('listQueueItems', 'items', await json(home, ['queue', 'list']));
  expectAsContract('getQueueStats', 'stats', await json(home, ['queue', 'stats']));
  for (let status = ''; status !== 'completed'; ) {
    const now = await json<QueueItem>(home, ['queue', 'get', item.id]);
    expect(now.status).not.toBe('failed');
    status = now.status;
  }
  const cancelled = await home.ash(['queue', 'cancel', item.id]);
  expect(cancelled.code).toBe(1);
  expect(cancelled.stderr).toContain('  queue_item_not_pending · request ');
});

test('usage is listed and summed up over a time', async () => {
  const session = await server.ash.session();
  expect((await home.ash(['session', 'send', session.id, 'Hello.'])).code).toBe(0);
  const events = await json<unknown[]>(home, ['usage', '--session-id', session.id, '--since', '1h']);
  expectAsContract('listUsageEvents', 'events', events);
  expect(events.length).toBeGreaterThan(0);
  const now = await json<{ totalMessages: number }>(home, ['usage', 'stats', '--session-id', session.id]);
  expectAsContract('getUsageStats', 'stats', now);
  expect(now.totalMessages).toBe(1);
  const before = ['usage', 'stats', '--session-id', session.id, '--until', '2026-01-01'];
  expect((await json<{ totalMessages: number }>(home, before)).totalMessages).toBe(0);
  expect((await home.ash(['usage', '--since', 'yesterday-ish'])).stderr).toContain('--since takes a date');
});

test('keys come from stdin and go nowhere else', async () => {
  const credential = await json<Credential>(home, ['credential', 'add', 'anthropic', '--label', 'mine'], 'sk-secret\n');
  expectAsContract('storeCredential', 'credential', credential);
  const listed = await home.ash(['credential', 'list', '--table']);
  expect(listed.stdout).toMatch(/mine +active +\S+( ago)? +never\n$/);
  expect((await home.ash(['credential', 'delete', credential.id])).code).toBe(0);
  expect((await home.ash(['credential', 'add', 'anthropic'])).stderr).toContain('The key is missing');
  expect((await home.ash(['credential', 'add', 'gold'])).stderr).toContain('takes one of anthropic, openai');

  const made = await home.ash(['key', 'create', '--label', 'ci']);
  const key = made.stdout.trim();
  expect((await home.ash(['agent', 'list', '-q'], { env: { ASH_API_KEY: key } })).stdout).toBe('agent\n');
  const keys = await json<ApiKey[]>(home, ['key', 'list']);
  expectAsContract('listApiKeys', 'keys', keys);
  const id = keys.find(({ label }) => label === 'ci')?.id ?? '';
  expect((await home.ash(['key', 'delete', id])).stdout).toBe(`Deleted key: ${id}\n`);
  const wrong = await home.ash(['agent', 'list'], { env: { ASH_API_KEY: key } });
  expect(wrong.stderr).toContain('  The key is none of this server: set ASH_API_KEY');
  const refused = await home.ash(['agent', 'list', '--json'], { env: { ASH_API_KEY: key } });
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(JSON.parse(refused.stderr)).toMatchObject({
    statusCode: 401,
    code: 'invalid_api_key',
    requestId: expect.any(String),
  });
});
