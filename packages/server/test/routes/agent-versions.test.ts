/** Versions of agents over HTTP: which there are, and which of them new sessions are made from. */
import { newId } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { env, failure, missingFor, otherKey } from './tenant.ts';

const server = useAsh({ env });
const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const base64 = (text: string) => Buffer.from(text).toString('base64');

interface Version {
  id: string;
  versionNumber: number;
  isActive: boolean;
}

async function versionsOf(name: string, query = ''): Promise<Version[]> {
  const response = await server.ash.call('GET', `/api/agents/${name}/versions${query}`);
  expect(response.status).toBe(200);
  return ((await response.json()) as { versions: Version[] }).versions;
}

async function deploy(name: string, text: string): Promise<void> {
  await server.ash.client.createAgent(name, { files: [{ path: 'CLAUDE.md', content: base64(text) }], replace: true });
}

test('are listed, read and activated; a session keeps its own', async () => {
  const { ash } = server;
  for (const text of ['one', 'two!', 'three']) await deploy('rolling', text);
  const versions = await versionsOf('rolling');
  expect(versions).toEqual(
    [3, 2, 1].map((n) => ({
      id: uuid,
      tenantId: 'default',
      agentName: 'rolling',
      versionNumber: n,
      name: `v${n}`,
      isActive: n === 3,
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      sizeBytes: [0, 3, 4, 5][n],
      fileCount: 1,
      createdAt: instant,
      updatedAt: instant,
    })),
  );
  expect(await versionsOf('rolling', '?limit=1&before=3')).toEqual([versions[1]]);
  const [newest, , oldest] = versions;
  for (const name of ['1', oldest?.id.toUpperCase()]) {
    const one = await ash.call('GET', `/api/agents/rolling/versions/${name}`);
    expect(await one.json()).toEqual({ version: oldest });
  }

  const before = await ash.client.createSession('rolling');
  const activated = await ash.call('POST', '/api/agents/rolling/versions/1/activate');
  expect([activated.status, await activated.json()]).toEqual([200, { activated: true, versionNumber: 1 }]);
  expect((await versionsOf('rolling')).map(({ isActive }) => isActive)).toEqual([false, false, true]);
  expect(await ash.client.getAgent('rolling')).toMatchObject({ version: 1 });
  expect((await ash.client.getAgentFile('rolling', 'CLAUDE.md')).content).toBe('one');
  const after = await ash.client.createSession('rolling');
  expect([before.agentVersion, after.agentVersion]).toEqual([3, 1]);
  expect((await ash.client.getSession(before.id)).agentVersion).toBe(3);

  // Files go over those of the active version; the number goes on from the newest.
  const next = await ash.client.createAgent('rolling', { files: [{ path: 'more.md', content: base64('more') }] });
  expect(next.version).toBe(4);
  expect((await ash.client.getAgentFile('rolling', 'CLAUDE.md')).content).toBe('one');
  const again = await ash.call('POST', `/api/agents/rolling/versions/${newest?.id}/activate`);
  expect(await again.json()).toEqual({ activated: true, versionNumber: 3 });
});

test('have their errors, and are another tenant’s to no one', async () => {
  const { ash } = server;
  await deploy('private', 'mine');
  const [version] = await versionsOf('private');
  const at = (method: string, path: string) => ash.call(method, `/api/agents/${path}`);
  for (const path of ['nobody/versions', 'nobody/versions/1']) {
    expect(await failure(await at('GET', path))).toEqual([404, 'agent_not_found']);
  }
  for (const missing of ['2', '0', '01x', newId(), '999999999999999', '%2e%2e%2f1']) {
    const expected = [404, 'agent_version_not_found'];
    expect(await failure(await at('GET', `private/versions/${missing}`))).toEqual(expected);
    expect(await failure(await at('POST', `private/versions/${missing}/activate`))).toEqual(expected);
  }
  expect(await failure(await at('GET', `agent/versions/${version?.id}`))).toEqual([404, 'agent_version_not_found']);
  for (const query of ['limit=0', 'limit=1001', 'before=0', 'limit=x']) {
    expect(await failure(await at('GET', `private/versions?${query}`))).toEqual([400, 'validation_failed']);
  }
  await missingFor(ash, await otherKey(ash), 'agent_not_found', [
    ['GET', '/api/agents/private/versions'],
    ['GET', '/api/agents/private/versions/1'],
    ['POST', '/api/agents/private/versions/1/activate'],
  ]);
});

test('a file of an upload may be a program', async () => {
  const { ash } = server;
  const program = { path: 'bin/greet', content: base64('#!/bin/sh\necho hello\n') };
  await ash.client.createAgent('tools', { files: [{ ...program, executable: true }] });
  const first = await ash.client.createSession('tools');
  expect(await ash.client.exec(first.id, 'bin/greet')).toMatchObject({ exitCode: 0, stdout: 'hello\n' });
  await ash.client.createAgent('tools', { files: [program] });
  const second = await ash.client.createSession('tools');
  expect(await ash.client.exec(second.id, 'bin/greet')).toMatchObject({ exitCode: 126 });
});
