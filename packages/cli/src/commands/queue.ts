/** `ash queue …`: prompts that the server runs by itself. */
import type { QueueItem } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { choice, count } from '../option-values.ts';
import { styleOf } from '../output/paint.ts';
import { type Column, showDone, showList, showOne } from '../output/show.ts';
import { ago } from '../output/words.ts';
import { messageText } from './session-send.ts';

const statuses = ['pending', 'processing', 'completed', 'failed', 'cancelled'] as const;

const columns: readonly Column<QueueItem>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'agent', of: ({ agentName }) => agentName, elastic: true },
  { title: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
  { title: 'queued', of: ({ createdAt }) => ago(createdAt) },
  { title: 'prompt', of: ({ prompt, error }) => error ?? prompt, elastic: true },
];

export async function addItem(
  context: Context,
  agent: string,
  prompt: string,
  options: { sessionId?: string; priority?: string; maxRetries?: string },
): Promise<void> {
  const given = {
    sessionId: options.sessionId,
    priority: count('--priority', options.priority),
    maxRetries: count('--max-retries', options.maxRetries),
  };
  const item = await (await context.client()).enqueue(agent, await messageText(prompt), given);
  showDone(context, 'Queued', item, { key: item.id, next: [`ash queue get ${item.id}`] });
}

export async function listItems(context: Context, options: { status?: string; limit?: string }): Promise<void> {
  const query = { status: choice('--status', options.status, statuses), limit: count('--limit', options.limit) };
  const items = await (await context.client()).listQueueItems(query);
  showList(context, items, {
    columns,
    key: ({ id }) => id,
    none: 'The queue is empty. Add to it: ash queue add <agent> <prompt>',
  });
}

export async function getItem(context: Context, id: string): Promise<void> {
  const item = await (await context.client()).getQueueItem(id);
  showOne(context, item, {
    key: item.id,
    facts: [
      ['id', item.id],
      ['agent', item.agentName],
      ['status', item.status],
      ['prompt', item.prompt],
      ['session', item.sessionId],
      ['turn', item.turnId],
      ['priority', item.priority],
      ['attempts', item.retryCount > 0 ? `${item.retryCount} failed, of at most ${item.maxRetries}` : undefined],
      ['error', item.error],
      ['next attempt', item.retryAfter],
      ['queued', `${item.createdAt} (${ago(item.createdAt)})`],
      ['started', item.startedAt],
      ['completed', item.completedAt],
    ],
  });
}

export async function cancelItem(context: Context, id: string): Promise<void> {
  showDone(context, 'Cancelled', await (await context.client()).cancelQueueItem(id), { key: id });
}

export async function queueStats(context: Context): Promise<void> {
  const stats = await (await context.client()).getQueueStats();
  showOne(context, stats, { key: stats.pending, facts: Object.entries(stats) });
}
