/** A session whose agent waits for an answer is put to sleep like an idle one; the answer wakes it. */
import { readFile } from 'node:fs/promises';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { processesOf } from './leaks.ts';
import { Reader, say } from './streams.ts';

const use = useAsh({ env: { ASH_IDLE_TIMEOUT_MS: '300', ASH_SPARES: 'off' } });

const question = {
  question: 'Which one?',
  header: 'Pick',
  multiSelect: false,
  options: [
    { label: 'A', description: 'the first' },
    { label: 'B', description: 'the second' },
  ],
};
const calls = {
  'a tool': { name: 'Bash', input: { command: 'echo mark >> marks.txt; cat marks.txt' } },
  'a question': { name: 'AskUserQuestion', input: { questions: [question] } },
};

test.each([
  ['a tool', 'one server'],
  ['a tool', 'a server that was restarted'],
  ['a question', 'one server'],
] as const)('%s, with %s', async (what, servers) => {
  const { ash } = use;
  const { id } = await ash.client.createSession('agent', { permissionMode: 'default' });
  const reader = await Reader.send(ash, id, script({ tools: [calls[what]] }, 'Done: {{result}}'));
  const { data } = await reader.until(({ event }) => event === 'approval');
  await until(() => processesOf(`${ash.dataDir}/sandboxes/${id}`).length === 0);
  if (servers !== 'one server') {
    expect(await ash.stop('SIGINT')).toBe(0);
    await ash.start();
  }
  expect(await ash.client.listApprovals(id)).toMatchObject([{ id: data.approvalId, status: 'pending' }]);
  const updatedInput = what === 'a question' ? { questions: [question], answers: { 'Which one?': 'B' } } : undefined;
  await ash.client.answerApproval(id, data.approvalId, { decision: 'allow', ...(updatedInput && { updatedInput }) });
  await reader.leave();
  const { turnId } = reader.events[0]?.data ?? {};
  const rest = await (await Reader.follow(ash, id, { after: reader.cursor, turnId })).rest();
  expect(rest.at(-1)).toMatchObject({ event: 'done', data: { status: 'completed' } });
  expect(JSON.stringify(rest)).toContain(what === 'a question' ? 'Which one?' : 'Done: mark');
  // It was asked once, and its sleep is nobody's loss.
  expect(rest.filter(({ event }) => event === 'approval' || event === 'session')).toEqual([]);
  const marks = await readFile(`${ash.workspace(id)}/marks.txt`, 'utf8').catch(() => '');
  expect(marks).toBe(what === 'a tool' ? 'mark\n' : '');
  expect(await say(ash, id, 'My name is Alice.')).toMatchObject({ status: 'completed' });
});
