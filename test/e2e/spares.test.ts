/** Spares: a session takes up what fits exactly, on every path it is one like any other, and none is ever left behind. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { findTrouble } from '@ash-ai/server';
import { describe, expect, test } from 'vitest';
import { instructions, until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { asked } from './requests.ts';
import { say } from './streams.ts';

const use = useAsh({ env: { ASH_SPARES: '1' } });
const sonnet = 'claude-sonnet-4-5';

/** Waits until so many spares wait. */
async function warm(count: number): Promise<void> {
  await until(async () => (await use.ash.client.health()).pool.warm >= count);
}

/** A runtime and a bridge wait: sessions of the agent have been asked for twice, and have taken up what they were given. */
async function spared(): Promise<void> {
  const made = [await use.ash.session(), await use.ash.session()];
  await warm(2);
  await until(() => waiting().every((id) => !made.some((session) => session.id === id)));
}

/** Sessions by what waited for them. */
async function claims(): Promise<Record<string, number>> {
  const text = await (await use.ash.call('GET', '/metrics')).text();
  const found = text.matchAll(/^ash_spare_claims_total\{spare="(\w+)"\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, name, count]) => [name, Number(count)]));
}

/** The spares that are up. */
function waiting(): string[] {
  const dir = join(use.ash.dataDir, 'sandboxes');
  const files = ['spare', 'sandbox.json'];
  return readdirSync(dir).filter((id) => files.every((name) => existsSync(join(dir, id, name))));
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

async function run(id: string, command: string): Promise<string> {
  const turn = await say(use.ash, id, script({ tools: [{ name: 'Bash', input: { command } }] }, '{{result}}'));
  expect(turn.status).toBe('completed');
  return turn.text;
}

describe('a runtime that waited', () => {
  test('is the session’s own: its id, its agent, its conversation over sleep and restart', async () => {
    const { ash } = use;
    await warm(2);
    const before = new Set(waiting());
    // A sandbox that waits is nothing that was left behind.
    expect(await findTrouble({ dataDir: ash.dataDir })).toEqual([]);
    const { id } = await ash.session();
    expect(before).toContain(id);
    expect(await run(id, 'echo "$ASH_SESSION_ID"; cat CLAUDE.md')).toMatch(
      new RegExp(`^${id}\\s+# An agent for tests`),
    );
    expect(await claims()).toMatchObject({ booted: 1, failed: 0, none: 0 });
    expect(existsSync(join(ash.dataDir, 'sandboxes', id, 'spare'))).toBe(false);
    await say(ash, id, 'My name is Alice.');
    await ash.client.pauseSession(id);
    await ash.client.resumeSession(id);
    expect(await say(ash, id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
    await ash.kill();
    await ash.start();
    expect(await say(ash, id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
    const fork = await ash.client.forkSession(id);
    await ash.client.resumeSession(fork.id);
    expect(await say(ash, fork.id, 'What is my name?')).toMatchObject({ text: 'Your name is Alice.' });
  });

  test('serves only what it was started with: a session with other options starts its own', async () => {
    const { ash } = use;
    await spared();
    const options = { model: sonnet, systemPrompt: '# You are another\n', disallowedTools: ['Edit'] };
    const before = await claims();
    const first = await ash.client.createSession('agent', options);
    const { body, tools } = await asked(ash, first.id, 'Hello');
    expect(body.model).toBe(sonnet);
    expect(JSON.stringify(body)).toContain('You are another');
    expect(tools).not.toContain('Edit');
    expect(await claims()).toMatchObject({ booted: before.booted, bridge: (before.bridge ?? 0) + 1 });

    // Asked for twice, it is worth a spare of its own.
    await ash.client.createSession('agent', options);
    await warm(3);
    const third = await ash.client.createSession('agent', options);
    const again = await asked(ash, third.id, 'Hello');
    expect(again.body.model).toBe(sonnet);
    expect(JSON.stringify(again.body)).toContain('You are another');
    expect(again.tools).not.toContain('Edit');
    expect((await claims()).booted).toBe((before.booted ?? 0) + 1);
  });

  test('takes up settings that are changed before its first message', async () => {
    const { ash } = use;
    await spared();
    const { id } = await ash.session();
    await ash.client.updateSessionConfig(id, { model: sonnet, disallowedTools: ['Edit'] });
    const { body, tools } = await asked(ash, id, 'Hello');
    expect(body.model).toBe(sonnet);
    expect(tools).not.toContain('Edit');
  });

  test('belongs to its tenant', async () => {
    const { ash } = use;
    await spared();
    const key = ash.keyOf('another');
    const body = {
      name: 'agent',
      files: [{ path: 'CLAUDE.md', content: Buffer.from('# Theirs\n').toString('base64') }],
    };
    expect((await ash.call('POST', '/api/agents', { key, body })).status).toBe(201);
    const made = await ash.call('POST', '/api/sessions', { key, body: { agent: 'agent' } });
    const { session } = (await made.json()) as { session: { id: string } };
    const turn = await say(
      ash,
      session.id,
      script({ tools: [{ name: 'Bash', input: { command: 'cat CLAUDE.md' } }] }, '{{result}}'),
      { key },
    );
    expect(turn.text).toBe('# Theirs');
  });

  test('of an older version is dropped when the agent is deployed anew', async () => {
    const { ash } = use;
    await spared();
    const started = () => waiting().filter((id) => readIfThere(join(ash.workspace(id), 'CLAUDE.md')) === instructions);
    // Those that wait may be of other shapes.
    await until(() => started().length > 0);
    const booted = started();
    await ash.client.deployAgent('agent', await ash.agentFolder('agent', { 'CLAUDE.md': '# The newer one\n' }));
    const { id } = await ash.session();
    expect(await run(id, 'cat CLAUDE.md')).toContain('# The newer one');
    await until(() => waiting().every((id) => !booted.includes(id)));
  });

  test('that dies is replaced; a session that was to have it starts cold', async () => {
    const { ash } = use;
    await spared();
    for (const id of waiting()) process.kill(ash.bridgePid(id), 'SIGKILL');
    const { id } = await ash.session();
    expect(await say(ash, id, 'My name is Alice.')).toMatchObject({ status: 'completed' });
    await warm(2);
  });

  test('is not used up by a repeated request', async () => {
    const { ash } = use;
    await spared();
    const headers = { 'idempotency-key': 'once' };
    const ids = [1, 2].map(async () => {
      const made = await ash.call('POST', '/api/sessions', { headers, body: { agent: 'agent' } });
      return ((await made.json()) as { session: { id: string } }).session.id;
    });
    const [first, second] = await Promise.all(ids);
    expect(first).toBe(second);
    expect(await say(ash, first ?? '', 'Hello')).toMatchObject({ status: 'completed' });
  });
});

describe('no spare is left behind', () => {
  test('by a server that stops', async () => {
    const { ash } = use;
    await spared();
    const ids = waiting();
    expect(ids.length).toBeGreaterThanOrEqual(2);
    expect(await ash.stop('SIGTERM')).toBe(0);
    for (const id of ids) expect(processesOf(join(ash.dataDir, 'sandboxes', id))).toEqual([]);
    expect(waiting()).toEqual([]);
    await ash.start();
  });

  test('by a server that is killed, once the next one is there', async () => {
    const { ash } = use;
    await spared();
    const ids = waiting();
    await ash.kill();
    await ash.start();
    await until(() => ids.every((id) => !existsSync(join(ash.dataDir, 'sandboxes', id))));
    for (const id of ids) expect(processesOf(join(ash.dataDir, 'sandboxes', id))).toEqual([]);
  });

  test('in the way of sessions, when there is room for so many only', async () => {
    const { ash } = use;
    await ash.stop('SIGINT');
    await ash.start({ ASH_SPARES: '1', ASH_MAX_SANDBOXES: '2' });
    const sessions = [await ash.session(), await ash.session(), await ash.session()];
    for (const { id } of sessions) expect(await say(ash, id, 'Hello')).toMatchObject({ status: 'completed' });
    const { pool } = await ash.client.health();
    expect(pool.total).toBeLessThanOrEqual(2);
  });
});
