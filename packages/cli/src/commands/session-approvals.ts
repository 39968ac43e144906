/** `ash session approvals` and `ash session approve`: what the agent asks leave for. */
import type { Approval } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { choice, jsonObject, pairs } from '../option-values.ts';
import { styleOf } from '../output/paint.ts';
import { type Column, showDone, showList } from '../output/show.ts';
import { brief } from '../output/summary.ts';
import { ago } from '../output/words.ts';

const statuses = ['pending', 'allowed', 'denied', 'expired'] as const;

const columns: readonly Column<Approval>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
  { title: 'asked', of: ({ createdAt }) => ago(createdAt) },
  { title: 'tool', of: ({ toolName }) => toolName },
  { title: 'input', of: ({ input }) => brief(input), elastic: true },
];

export async function listApprovals(context: Context, id: string, options: { status?: string }): Promise<void> {
  const status = choice('--status', options.status, statuses);
  const approvals = await (await context.client()).listApprovals(id, { status });
  showList(context, approvals, { columns, key: (approval) => approval.id, none: 'Nothing was asked for.' });
}

export interface AnswerOptions {
  deny?: boolean;
  message?: string;
  input?: string;
  answer?: string[];
}

/** Answers an approval; without its id, the only one that waits. */
export async function approve(
  context: Context,
  id: string,
  approvalId: string | undefined,
  options: AnswerOptions,
): Promise<void> {
  const client = await context.client();
  const approval = approvalId === undefined ? await onlyOne(context, id) : undefined;
  const chosen = pairs('--answer', options.answer);
  let updatedInput = options.input === undefined ? undefined : await jsonObject('--input', options.input);
  if (chosen !== undefined) {
    const asked = approval ?? (await client.listApprovals(id)).find((one) => one.id === approvalId);
    updatedInput = { ...asked?.input, ...updatedInput, answers: chosen };
  }
  const answered = await client.answerApproval(id, approval?.id ?? approvalId ?? '', {
    decision: options.deny ? 'deny' : 'allow',
    ...(options.message === undefined ? {} : { message: options.message }),
    ...(updatedInput === undefined ? {} : { updatedInput }),
  });
  showDone(context, options.deny ? 'Denied' : 'Allowed', answered, { key: answered.id });
}

async function onlyOne(context: Context, id: string): Promise<Approval> {
  const pending = await (await context.client()).listApprovals(id, { status: 'pending' });
  const [first, ...others] = pending;
  if (first === undefined) throw new Failure('nothing waits for an answer', { next: `ash session approvals ${id}` });
  if (others.length === 0) return first;
  const listed = pending.map((one) => `${one.id} (${one.toolName})`).join(', ');
  throw new Failure(`${pending.length} approvals wait: ${listed}`, { next: `ash session approve ${id} <approval id>` });
}
