import type { ApprovalRequest } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { Approvals, type AskedFor } from '../src/approvals.ts';

const allow = { decision: 'allow' } as const;

function waiting(told = true) {
  const requests: ApprovalRequest[] = [];
  const taken: string[] = [];
  let ids = 0;
  const approvals = new Approvals({
    newId: () => `approval-${++ids}`,
    tell: (request) => told && requests.push(request) > 0,
    taken: (id) => taken.push(id),
  });
  return { approvals, requests, taken };
}

function asked(requestId: string, command = 'ls'): AskedFor {
  return { requestId, toolName: 'Bash', input: { command }, toolUseId: `use-${requestId}` };
}

const { signal } = new AbortController();

test('a request is told once and waits for its answer, which is noted first', async () => {
  const { approvals, requests, taken } = waiting();
  const [first, again] = [approvals.ask(asked('r'), signal), approvals.ask(asked('r'), signal)];
  expect(requests).toEqual([
    { approvalId: 'approval-1', toolName: 'Bash', input: { command: 'ls' }, toolUseId: 'use-r' },
  ]);
  expect(taken).toEqual([]);
  approvals.answer('approval-1', allow);
  expect(taken).toEqual(['approval-1']);
  expect(await Promise.all([first, again])).toEqual([allow, allow]);
});

test('an answer that nobody waits for, or a second one, is ignored', async () => {
  const { approvals, taken } = waiting();
  approvals.answer('unknown', allow);
  const answer = approvals.ask(asked('r'), signal);
  approvals.answer('approval-1', { decision: 'deny', message: 'no' });
  approvals.answer('approval-1', allow);
  expect(await answer).toEqual({ decision: 'deny', message: 'no' });
  expect(taken).toEqual(['approval-1']);
});

test('an aborted request is refused, but not answered: a turn that dies with it can go on', async () => {
  const { approvals, taken } = waiting();
  const gone = new AbortController();
  const answer = approvals.ask(asked('r'), gone.signal);
  gone.abort();
  expect(await answer).toMatchObject({ decision: 'deny' });
  expect(taken).toEqual([]);
  approvals.forget();
});

test('outside a turn nobody is there to be asked', async () => {
  const { approvals } = waiting(false);
  expect(await approvals.ask(asked('r'), signal)).toMatchObject({ decision: 'deny' });
});

test('what was asked in an earlier life is found again by its content, answered or not', async () => {
  const { approvals, requests, taken } = waiting();
  const old = (id: string, command: string): ApprovalRequest => ({ ...asked(id, command), approvalId: id }) as never;
  approvals.expect([
    { request: old('one', 'a'), answer: allow },
    { request: old('two', 'b') },
    { request: old('three', 'c') },
  ]);
  expect(await approvals.ask(asked('r1', 'a'), signal)).toEqual(allow);
  const two = approvals.ask(asked('r2', 'b'), signal);
  approvals.answer('two', allow);
  expect(await two).toEqual(allow);
  // An answer may come before the question does.
  approvals.answer('three', { decision: 'deny' });
  expect(await approvals.ask(asked('r3', 'c'), signal)).toEqual({ decision: 'deny' });
  expect(taken).toEqual(['one', 'two', 'three']);
  expect(requests).toEqual([]);
  // Each is found once: the same call a second time is another question.
  void approvals.ask(asked('r4', 'a'), signal);
  expect(requests.map(({ input }) => input)).toEqual([{ command: 'a' }]);
});
