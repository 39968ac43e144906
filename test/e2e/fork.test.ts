/** Forks: a session that goes on from another one, which never notices. */
import { readFile, writeFile } from 'node:fs/promises';
import { script } from '@ash-ai/scripted-model';
import type { Session } from '@ash-ai/sdk';
import { describe, expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { asked } from './requests.ts';
import { Reader, say } from './streams.ts';

const use = useAsh();

interface Fork {
  session: Session;
  files: { asOf: string; turnRunning: boolean };
  conversation: { upTo: number };
}

async function fork(id: string, body?: { at?: number }, headers: Record<string, string> = {}): Promise<Fork> {
  const answer = await use.ash.call('POST', `/api/sessions/${id}/fork`, { ...(body && { body }), headers });
  expect(answer.status, await answer.clone().text()).toBe(201);
  return (await answer.json()) as Fork;
}

async function remembered(id: string): Promise<string> {
  await use.ash.client.resumeSession(id);
  return (await say(use.ash, id, 'What is my name?')).text;
}

async function introduced(...names: string[]): Promise<string> {
  const { id } = await use.ash.session();
  for (const name of names) await say(use.ash, id, `My name is ${name}.`);
  return id;
}

describe('a fork', () => {
  test('has the conversation, the files, the messages and the settings; the parent has no part in it', async () => {
    const { ash } = use;
    const { id } = await ash.client.createSession('agent', {
      model: 'claude-sonnet-4-5',
      extraEnv: { FORKED: 'too' },
      disallowedTools: ['Edit'],
    });
    await say(ash, id, 'My name is Alice.');
    await say(ash, id, 'Run echo before > a.txt; ln -s a.txt link; chmod 755 a.txt');
    const before = await ash.client.getSession(id);
    const { session: child, files, conversation } = await fork(id);
    expect(child).toMatchObject({
      status: 'paused',
      parentSessionId: id,
      agentName: 'agent',
      model: 'claude-sonnet-4-5',
      config: { disallowedTools: ['Edit'] },
    });
    expect(files).toEqual({ asOf: expect.any(String), turnRunning: false, source: 'now', seq: before.lastSeq });
    // The runtime may have told of the turn's completion after its end: one more entry, and nothing else is new.
    expect(conversation.upTo).toBeGreaterThanOrEqual(before.lastSeq);
    const { lastSeq, lastActiveAt, ...settings } = before;
    expect(await ash.client.getSession(id)).toMatchObject(settings);

    const [theirs, ours] = await Promise.all([id, child.id].map((one) => ash.client.listMessages(one)));
    const said = (messages = theirs) =>
      messages?.map(({ sequence, role, content, createdAt }) => ({ sequence, role, content, createdAt }));
    expect(said(ours)).toEqual(said());
    expect(ours?.[0]?.id).not.toBe(theirs?.[0]?.id);
    const events = await ash.client.listSessionEvents(child.id);
    expect(events.map(({ type, data }) => [type, JSON.parse(data ?? '')])).toEqual([
      ['lifecycle', { action: 'forked', parentSessionId: id, upTo: before.lastSeq }],
    ]);

    expect(await remembered(child.id)).toBe('Your name is Alice.');
    const { turn, request, tools } = await asked(
      ash,
      child.id,
      'Run cat a.txt; echo "$FORKED"; echo after > a.txt; stat -c %a:%U a.txt',
    );
    expect(turn.text).toContain('before\ntoo\n755:agent');
    expect(request.body.model).toBe('claude-sonnet-4-5');
    expect(tools).not.toContain('Edit');
    expect(await readFile(`${ash.workspace(id)}/a.txt`, 'utf8')).toBe('before\n');
    expect((await say(ash, id, 'What is my name?')).text).toBe('Your name is Alice.');

    await say(ash, child.id, 'My name is Carol.');
    expect((await say(ash, id, 'What is my name?')).text).toBe('Your name is Alice.');
    await ash.client.pauseSession(child.id);
    expect(await remembered(child.id)).toBe('Your name is Carol.');
  });

  test.each(['ended', 'stopped', 'paused'] as const)('of a session that is %s', async (status) => {
    const { ash } = use;
    const id = await introduced('Alice');
    if (status === 'ended') await ash.client.endSession(id);
    else if (status === 'stopped') await ash.client.stopSession(id);
    else await ash.client.pauseSession(id);
    expect(await remembered((await fork(id)).session.id)).toBe('Your name is Alice.');
    expect((await ash.client.getSession(id)).status).toBe(status);
  });

  test('of a session without a turn begins from nothing', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const { session: child } = await fork(id);
    expect(await remembered(child.id)).toContain("don't know your name");
  });

  test('of a fork that has not run, and again', async () => {
    const id = await introduced('Alice');
    const child = (await fork(id)).session;
    const grandchild = (await fork(child.id)).session;
    expect(await remembered(grandchild.id)).toBe('Your name is Alice.');
    expect(await remembered((await fork(grandchild.id)).session.id)).toBe('Your name is Alice.');
  });

  test('after a restart of the server between fork and first turn', async () => {
    const { ash } = use;
    const child = (await fork(await introduced('Alice'))).session;
    await ash.kill();
    await ash.start();
    expect(await remembered(child.id)).toBe('Your name is Alice.');
  });

  test('at an earlier entry has the conversation up to there, and the files of now', async () => {
    const { ash } = use;
    const id = await introduced('Alice', 'Bob');
    await writeFile(`${ash.workspace(id)}/now.txt`, 'now');
    const messages = await ash.client.listMessages(id);
    const bob = messages.find(({ content }) => content.includes('name is Bob'))?.sequence ?? 0;
    const { session: child, conversation } = await fork(id, { at: bob - 1 });
    expect(conversation.upTo).toBe(bob - 1);
    expect((await ash.client.listMessages(child.id)).at(-1)?.sequence).toBeLessThan(bob);
    expect(await remembered(child.id)).toBe('Your name is Alice.');
    expect(await readFile(`${ash.workspace(child.id)}/now.txt`, 'utf8')).toBe('now');
  });

  test('at an entry that its parent has from its own parent, and before the first one', async () => {
    const { ash } = use;
    const id = await introduced('Alice', 'Bob');
    const messages = await ash.client.listMessages(id);
    const bob = messages.find(({ content }) => content.includes('name is Bob'))?.sequence ?? 0;
    const { session: child } = await fork(id);
    expect(await remembered((await fork(child.id, { at: bob - 1 })).session.id)).toBe('Your name is Alice.');
    expect(await remembered((await fork(id, { at: 1 })).session.id)).toContain("don't know your name");
    const answer = await ash.call('POST', `/api/sessions/${id}/fork`, { body: { at: 10_000 } });
    expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'fork_point_invalid' }]);
  });

  test('of a session whose turn runs has what the log has; the turn goes on in the parent', async () => {
    const { ash } = use;
    const id = await introduced('Alice');
    const prompt = script(
      { text: 'first', tools: [{ name: 'Bash', input: { command: 'echo one >> marks' } }] },
      'My second',
    );
    const held = ash.gate.hold(prompt, 1);
    const reader = await Reader.send(ash, id, prompt);
    await held.reached;
    await reader.until(({ event }) => event === 'tool_result');
    const { session: child, files } = await fork(id);
    expect(files.turnRunning).toBe(true);
    held.open();
    expect(await reader.turn()).toMatchObject({ status: 'completed', text: 'My second' });
    const turnId = reader.events[0]?.data.turnId;
    const errors = await ash.client.listSessionEvents(child.id, { type: 'error' });
    expect(errors.map(({ data }) => JSON.parse(data ?? '').code)).toEqual(['turn_interrupted']);
    expect(
      ash.rows(
        "select 1 from log_entries where session_id = ? and turn_id = ? and type = 'turn_ended'",
        child.id,
        turnId,
      ),
    ).toHaveLength(1);
    expect(await remembered(child.id)).toBe('Your name is Alice.');
    expect(await readFile(`${ash.workspace(child.id)}/marks`, 'utf8')).toBe('one\n');
  });

  test('is made once for one key, and belongs to the tenant', async () => {
    const { ash } = use;
    const id = await introduced('Alice');
    const [one, two] = [await fork(id, {}, { 'idempotency-key': 'k' }), await fork(id, {}, { 'idempotency-key': 'k' })];
    expect(two.session.id).toBe(one.session.id);
    const sandboxes = ash.rows<{ n: number }>('select count(*) as n from sessions where parent_session_id = ?', id);
    expect(sandboxes).toEqual([{ n: 1 }]);
    // Clients of the older Ash name a type also when they send nothing.
    const nothing = { headers: { 'content-type': 'application/json' } };
    expect((await ash.call('POST', `/api/sessions/${id}/fork`, nothing)).status).toBe(201);
    const unknown = '019a0000-0000-7000-8000-000000000001';
    const answer = await ash.call('POST', `/api/sessions/${unknown}/fork`);
    expect([answer.status, await answer.json()]).toMatchObject([404, { code: 'session_not_found' }]);
  });
});
