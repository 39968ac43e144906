/** What a route answers when something at the server is broken or missing that it needs: a coded error that it documents. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { agentLimits, type ErrorCode } from '@ash-ai/shared';
import { type Contract, contract } from '@ash-ai/shared/contract';
import { beforeAll, expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { say } from '../../../../test/e2e/streams.ts';
import { base64, type Things } from '../../../../test/e2e/things.ts';
import { failureOf, type Given, request } from './request.ts';
import { rows } from './rows.ts';

const use = useAsh({ expectedErrors: /workspace_lost|fork_failed|setup_failed|exec_failed/ });

const ofWorkspaces = [
  'listSessionFiles',
  'getSessionFile',
  'writeSessionFiles',
  'deleteSessionFile',
  'downloadWorkspace',
  'uploadWorkspace',
  'execInSession',
] as const satisfies (keyof Contract)[];

/** The code that each route answers to its usual request. */
async function codesOf(names: readonly (keyof Contract)[], there: Partial<Things>): Promise<Record<string, ErrorCode>> {
  const codes: Record<string, ErrorCode> = {};
  for (const name of names) codes[name] = await codeOf(name, rows[name].request(there as Things, use.ash));
  return codes;
}

async function codeOf(name: keyof Contract, given: Given): Promise<ErrorCode> {
  const route = contract[name];
  return (await failureOf(route, await request(use.ash, route, given, use.ash.key))).code;
}

const each = (names: readonly string[], code: ErrorCode) => Object.fromEntries(names.map((name) => [name, code]));
let bundle = '';

beforeAll(async () => {
  const { client } = use.ash;
  const { id } = await use.ash.session();
  bundle = Buffer.from(await client.downloadWorkspace(id)).toString('base64');
});

test('the folder of an agent is gone', async () => {
  const { ash } = use;
  const { path, name } = await ash.client.createAgent('gone', { systemPrompt: 'Gone.' });
  const { id: session } = await ash.client.createSession(name);
  await ash.client.endSession(session);
  await rm(join(ash.dataDir, 'sandboxes', session), { recursive: true, force: true });
  await rm(path, { recursive: true });
  ash.change("update sessions set status = 'active', ended_at = null, runtime_started = 0 where id = ?", session);
  const there = { agent: name, version: '1', session, file: 'CLAUDE.md', bundle };
  expect(await codesOf(['createSession', 'activateAgentVersion'], there)).toEqual({
    createSession: 'agent_directory_missing',
    activateAgentVersion: 'agent_directory_missing',
  });
  const more = { name, files: [{ path: 'more.md', content: base64('more') }] };
  expect(await codeOf('deployAgent', { body: more })).toBe('agent_directory_missing');
  const ofAgents = ['listAgentFiles', 'getAgentFile'] as const;
  expect(await codesOf(ofAgents, there)).toEqual(each(ofAgents, 'agent_files_not_found'));
  expect(await codesOf(ofWorkspaces, there)).toEqual(each(ofWorkspaces, 'workspace_not_found'));
});

test('the settings of an agent’s folder can’t be used', async () => {
  const { ash } = use;
  const files = [{ path: '.ash/sandbox.json', content: base64('{"limits": {"memoryMb": "much"}}') }];
  const { name } = await ash.client.createAgent('odd-settings', { files });
  expect(await codesOf(['createSession'], { agent: name })).toEqual({ createSession: 'agent_file_invalid' });
});

test('an agent’s folder is too large', async () => {
  const { ash } = use;
  const folder = await ash.agentFolder('large', { 'CLAUDE.md': '# Large\n', 'more/0': '' });
  await Promise.all(
    Array.from({ length: agentLimits.maxFiles }, (_, n) => writeFile(join(folder, 'more', `${n}`), '')),
  );
  expect(await codeOf('deployAgent', { body: { name: 'large', path: folder } })).toBe('agent_too_large');
});

test('the setup script of an agent fails', async () => {
  const { ash } = use;
  const files = [
    { path: 'CLAUDE.md', content: base64('# Fails\n') },
    { path: 'install.sh', content: base64('echo no such luck >&2; exit 3\n') },
  ];
  await ash.client.createAgent('fails', { files, replace: true });
  const { id: session } = await ash.client.createSession('fails');
  expect(await codesOf(ofWorkspaces, { session, file: 'CLAUDE.md', bundle })).toEqual(
    each(ofWorkspaces, 'setup_failed'),
  );
});

test('the files of a session are lost', async () => {
  const { ash } = use;
  const { id: session } = await ash.session();
  await say(ash, session, 'Hello');
  await ash.client.pauseSession(session);
  ash.change('update sessions set status = ? where id = ?', 'active', session);
  await rm(join(ash.dataDir, 'snapshots', session), { recursive: true, force: true });
  await rm(join(ash.dataDir, 'sandboxes', session, 'disk'), { recursive: true });
  const routes = [...ofWorkspaces, 'forkSession'] as const;
  expect(await codesOf(routes, { session, file: 'CLAUDE.md', bundle })).toEqual(each(routes, 'workspace_lost'));
});

test('the wall of a command can’t be raised', async () => {
  const { ash } = use;
  const { id: session } = await ash.session();
  await ash.client.exec(session, 'true');
  await ash.client.pauseSession(session);
  ash.change('update sessions set status = ? where id = ?', 'active', session);
  await rm(join(ash.dataDir, 'sandboxes', session, 'disk', 'home'), { recursive: true });
  expect(await codesOf(['execInSession'], { session })).toEqual({ execInSession: 'exec_failed' });
});

test('the conversation of a session is lost', async () => {
  const { ash } = use;
  const { id: session } = await ash.session();
  await say(ash, session, 'Hello');
  await ash.client.pauseSession(session);
  const disk = join(ash.dataDir, 'sandboxes', session, 'disk');
  await rm(join(disk, 'home'), { recursive: true });
  await mkdir(join(disk, 'home'));
  expect(await codesOf(['forkSession'], { session })).toEqual({ forkSession: 'fork_failed' });
});
