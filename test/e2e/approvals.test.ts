/** Approvals: an agent that asks waits for the answer, whatever happens to the server or to its own processes meanwhile. */
import { readFile } from 'node:fs/promises';
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { messagesOf, Reader, say, type Turn } from './streams.ts';

const use = useAsh();

const writing = { text: 'I will write.', tools: [{ name: 'Bash', input: { command: 'echo mark >> marks.txt' } }] };

interface Asking {
  id: string;
  reader: Reader;
  approvalId: string;
}

/** A session whose agent waits for leave to do the first step. */
async function asking(steps: readonly (object | string)[] = [writing, 'Done: {{result}}']): Promise<Asking> {
  const { ash } = use;
  const { id } = await ash.client.createSession('agent', { permissionMode: 'default' });
  const reader = await Reader.send(ash, id, script(...steps));
  const { data } = await reader.until(({ event }) => event === 'approval');
  return { id, reader, approvalId: data.approvalId };
}

async function marks(id: string): Promise<string> {
  return await readFile(`${use.ash.workspace(id)}/marks.txt`, 'utf8').catch(() => '');
}

/** The rest of a turn that was read up to here, also when its connection broke: from the cursor on. */
async function restOf({ id, reader }: Asking): Promise<Turn['events']> {
  await reader.leave();
  const turnId = reader.events[0]?.data.turnId;
  return await (await Reader.follow(use.ash, id, { after: reader.cursor, turnId })).rest();
}

function toolResults(events: Turn['events']): string[] {
  const blocks = messagesOf(events).flatMap(({ type, message }) => (type === 'user' ? message.content : []));
  return blocks.map(({ content }) => JSON.stringify(content));
}

describe('an approval', () => {
  test('is asked for in the stream, the log and the list, and allowed once', async () => {
    const { ash } = use;
    const { id, reader, approvalId } = await asking();
    const input = { command: 'echo mark >> marks.txt' };
    expect(reader.events.at(-1)).toMatchObject({ event: 'approval', data: { approvalId, toolName: 'Bash', input } });
    expect(await ash.client.listApprovals(id, { status: 'pending' })).toEqual([
      expect.objectContaining({ id: approvalId, sessionId: id, status: 'pending', toolName: 'Bash', input }),
    ]);
    expect(await marks(id)).toBe('');
    const answered = await ash.client.answerApproval(id, approvalId, { decision: 'allow' });
    expect(answered).toMatchObject({ id: approvalId, status: 'allowed', answeredAt: expect.any(String) });
    const turn = await reader.turn();
    expect(turn).toMatchObject({ status: 'completed', text: expect.stringContaining('Done') });
    expect(turn.events.filter(({ event }) => event.startsWith('approval')).map(({ event }) => event)).toEqual([
      'approval',
      'approval_answered',
    ]);
    expect(await marks(id)).toBe('mark\n');
    await expect(ash.client.answerApproval(id, approvalId, { decision: 'deny' })).rejects.toMatchObject({
      statusCode: 409,
      code: 'approval_answered_already',
    });
    const events = await ash.client.listSessionEvents(id, { type: 'approval' });
    expect(events.map(({ data }) => JSON.parse(data ?? '').action)).toEqual(['requested', 'answered']);
    expect((await ash.client.listMessages(id)).every(({ role }) => role === 'user' || role === 'assistant')).toBe(true);
  });

  test('is denied with a message, which the agent is told', async () => {
    const { id, reader, approvalId } = await asking();
    await use.ash.client.answerApproval(id, approvalId, { decision: 'deny', message: 'Not today.' });
    const turn = await reader.turn();
    expect(turn.status).toBe('completed');
    expect(toolResults(turn.events)).toEqual([expect.stringContaining('Not today.')]);
    expect(await marks(id)).toBe('');
  });

  test('is allowed with another input', async () => {
    const { id, reader, approvalId } = await asking();
    const updatedInput = { command: 'echo other >> marks.txt' };
    await use.ash.client.answerApproval(id, approvalId, { decision: 'allow', updatedInput });
    expect((await reader.turn()).status).toBe('completed');
    expect(await marks(id)).toBe('other\n');
  });

  test('can be a question to the user', async () => {
    const questions = [
      {
        question: 'Which one?',
        header: 'Pick',
        multiSelect: false,
        options: [
          { label: 'A', description: 'the first' },
          { label: 'B', description: 'the second' },
        ],
      },
    ];
    const step = { tools: [{ name: 'AskUserQuestion', input: { questions } }] };
    const { id, reader, approvalId } = await asking([step, 'You said {{result}}']);
    const updatedInput = { questions, answers: { 'Which one?': 'B' } };
    await use.ash.client.answerApproval(id, approvalId, { decision: 'allow', updatedInput });
    expect((await reader.turn()).text).toContain('"Which one?"="B"');
  });

  test('is not needed for what the session allows', async () => {
    const { ash } = use;
    const { id } = await ash.client.createSession('agent', { permissionMode: 'default', allowedTools: ['Bash'] });
    const turn = await say(ash, id, script(writing, 'Done'));
    expect(turn).toMatchObject({ status: 'completed', text: 'Done' });
    expect(turn.events.some(({ event }) => event === 'approval')).toBe(false);
  });

  test('of another session is a missing one', async () => {
    const { ash } = use;
    const { id, approvalId } = await asking();
    const other = await ash.session();
    const answer = { decision: 'allow' } as const;
    await expect(ash.client.answerApproval(other.id, approvalId, answer)).rejects.toMatchObject({
      code: 'approval_not_found',
    });
    await ash.client.endSession(id);
  });
});

describe('the agent waits', () => {
  test('across kill -9 of the server', async () => {
    const { ash } = use;
    const it = await asking();
    const bridge = ash.bridgePid(it.id);
    await ash.kill();
    await ash.start();
    expect(await ash.client.listApprovals(it.id)).toMatchObject([{ id: it.approvalId, status: 'pending' }]);
    await ash.client.answerApproval(it.id, it.approvalId, { decision: 'allow' });
    const rest = await restOf(it);
    expect(rest.at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
    expect(rest.some(({ event }) => event === 'approval')).toBe(false);
    expect(await marks(it.id)).toBe('mark\n');
    expect(ash.bridgePid(it.id)).toBe(bridge);
  });

  test.each(['bridge', 'runtime'] as const)('across kill -9 of its %s: a new one asks nothing again', async (what) => {
    const { ash } = use;
    const it = await asking();
    process.kill(what === 'bridge' ? ash.bridgePid(it.id) : ash.runtimePid(it.id), 'SIGKILL');
    // An answer that a dying runtime may have got would not be given to another one.
    await until(() => processesOf(`${ash.dataDir}/sandboxes/${it.id}`).length === 0);
    await ash.client.answerApproval(it.id, it.approvalId, { decision: 'allow' });
    const rest = await restOf(it);
    expect(rest.at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
    expect(rest.some(({ event }) => event === 'approval')).toBe(false);
    expect(await marks(it.id)).toBe('mark\n');
    expect(await say(ash, it.id, 'Hello')).toMatchObject({ status: 'completed' });
  });

  test('across kill -9 of all, and the answer comes later', async () => {
    const { ash } = use;
    const it = await asking();
    const bridge = ash.bridgePid(it.id);
    await ash.kill();
    process.kill(bridge, 'SIGKILL');
    await ash.start();
    await until(() => ash.rows('select 1 from sessions where id = ? and lease_epoch > 1', it.id).length === 1);
    expect(await ash.client.listApprovals(it.id)).toMatchObject([{ id: it.approvalId, status: 'pending' }]);
    await ash.client.answerApproval(it.id, it.approvalId, { decision: 'allow' });
    expect((await restOf(it)).at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
    expect(await marks(it.id)).toBe('mark\n');
  });

  test('with a message behind it, which is run afterwards', async () => {
    const { ash } = use;
    const it = await asking();
    const next = await Reader.send(ash, it.id, 'My name is Alice.');
    process.kill(ash.bridgePid(it.id), 'SIGKILL');
    await ash.client.answerApproval(it.id, it.approvalId, { decision: 'deny' });
    expect((await restOf(it)).at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
    expect(await next.turn()).toMatchObject({ status: 'completed', text: 'Nice to meet you, Alice.' });
    expect(await marks(it.id)).toBe('');
  });
});

describe('expires', () => {
  const ways = {
    interrupt: (id: string) => use.ash.client.interruptSession(id),
    stop: (id: string) => use.ash.client.stopSession(id),
    end: (id: string) => use.ash.client.endSession(id),
  };
  test.each(Object.keys(ways) as (keyof typeof ways)[])('with %s', async (way) => {
    const { ash } = use;
    const { id, reader, approvalId } = await asking();
    await ways[way](id);
    expect((await reader.rest()).at(-1)).toMatchObject({ event: 'done', data: { status: 'interrupted' } });
    expect(await ash.client.listApprovals(id)).toMatchObject([{ id: approvalId, status: 'expired' }]);
    await expect(ash.client.answerApproval(id, approvalId, { decision: 'allow' })).rejects.toMatchObject({
      code: 'approval_expired',
    });
    expect(await marks(id)).toBe('');
  });

  test('with interrupt of a turn whose sandbox is gone', async () => {
    const { ash } = use;
    const it = await asking();
    const bridge = ash.bridgePid(it.id);
    await ash.kill();
    process.kill(bridge, 'SIGKILL');
    await ash.start();
    await until(async () => (await ash.client.interruptSession(it.id)).interrupted);
    expect((await restOf(it)).at(-1)).toMatchObject({ event: 'done', data: { status: 'interrupted' } });
    expect(await ash.client.listApprovals(it.id)).toMatchObject([{ status: 'expired' }]);
  });
});
