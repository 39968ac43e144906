/** `ash session messages|events|logs|egress`: what a session kept of what happened. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AshClient, EgressRecord, Message, SandboxLog, SessionEvent } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { leaving } from '../detach.ts';
import { count } from '../option-values.ts';
import { type Column, showList } from '../output/show.ts';
import { eventSummary, messageText } from '../output/summary.ts';
import { inLine } from '../output/width.ts';
import { sizeOf } from '../output/words.ts';

interface PageOptions {
  limit?: string;
  after?: string;
  type?: string;
}

const messageColumns: readonly Column<Message>[] = [
  { title: 'seq', of: ({ sequence }) => sequence, right: true },
  { title: 'time', of: ({ createdAt }) => clock(createdAt) },
  { title: 'role', of: ({ role }) => role, style: ({ role }) => (role === 'user' ? 'cyan' : 'green') },
  { title: 'text', of: ({ content }) => messageText(content), elastic: true },
];

const eventColumns: readonly Column<SessionEvent>[] = [
  { title: 'seq', of: ({ sequence }) => sequence, right: true },
  { title: 'time', of: ({ createdAt }) => clock(createdAt) },
  { title: 'type', of: ({ type }) => type, style: ({ type }) => (type === 'error' ? 'red' : 'cyan') },
  { title: 'summary', of: ({ type, data }) => eventSummary(type, data), elastic: true },
];

export async function listMessages(context: Context, id: string, options: PageOptions): Promise<void> {
  const messages = await (await context.client()).listMessages(id, page(options));
  const none = 'No messages yet.';
  showList(context, messages, { columns: messageColumns, key: ({ sequence }) => sequence, none });
}

export async function listEvents(context: Context, id: string, options: PageOptions): Promise<void> {
  const client = await context.client();
  const events = await client.listSessionEvents(id, { ...page(options), type: options.type });
  showList(context, events, { columns: eventColumns, key: ({ sequence }) => sequence, none: 'No events yet.' });
}

const egressColumns: readonly Column<EgressRecord>[] = [
  { title: 'seq', of: ({ seq }) => seq, right: true },
  { title: 'time', of: ({ at }) => clock(at) },
  { title: 'how', of: ({ method }) => method },
  {
    title: 'to',
    of: ({ host, port, model }) => (model === null ? `${host}:${port}` : `${host} ${model}`),
    elastic: true,
  },
  {
    title: 'answer',
    of: ({ allowed, status, reason }) => (allowed ? (status ?? reason ?? 'ok') : `refused: ${reason}`),
    style: ({ allowed }) => (allowed ? undefined : 'red'),
    elastic: true,
  },
  { title: 'out', of: ({ bytesOut }) => sizeOf(bytesOut), right: true },
  { title: 'in', of: ({ bytesIn }) => sizeOf(bytesIn), right: true },
  { title: 'usd', of: ({ costUsd }) => costUsd?.toFixed(4), right: true },
];

export async function listEgress(context: Context, id: string, options: PageOptions): Promise<void> {
  const query = { after: count('--after', options.after), limit: count('--limit', options.limit) };
  const records = await (await context.client()).listEgress(id, query);
  showList(context, records, { columns: egressColumns, key: ({ seq }) => seq, none: 'Nothing was reached yet.' });
}

/** How often a followed log is read, in ms: it has no stream of its own. */
const logsEveryMs = 500;

/** Prints the log of a session's sandbox. */
export async function showLogs(
  context: Context,
  id: string,
  options: { after?: string; follow?: boolean },
): Promise<void> {
  const client = await context.client();
  const first = await client.getSessionLogs(id, { after: count('--after', options.after) });
  if (context.form === 'json' && !options.follow) return context.terminal.json(first);
  if (first.logs.length === 0) {
    context.terminal.note('Nothing yet: the sandbox of a session that is asleep has said nothing.');
  }
  for (const entry of first.logs) printLog(context, entry);
  if (!options.follow) return;
  using left = leaving();
  let last = first.logs.at(-1);
  while (await sleep(logsEveryMs, true, { signal: left.signal }).catch(() => false)) {
    const logs = await since(client, id, last);
    for (const entry of logs) printLog(context, entry);
    last = logs.at(-1) ?? last;
  }
}

/** What came after an entry. It is asked for again: when it is gone, the sandbox woke anew and counts from 0. */
async function since(client: AshClient, id: string, last: SandboxLog | undefined): Promise<SandboxLog[]> {
  if (last === undefined) return (await client.getSessionLogs(id)).logs;
  const [first, ...more] = (await client.getSessionLogs(id, { after: last.index - 1 })).logs;
  if (first?.index === last.index && first.ts === last.ts) return more;
  // More than the log keeps has come in between, or another sandbox speaks.
  return (await client.getSessionLogs(id)).logs;
}

function printLog({ terminal, form, paint }: Context, entry: SandboxLog): void {
  const { level, text, ts } = entry;
  const style = level === 'stderr' ? 'yellow' : level === 'system' ? 'cyan' : undefined;
  if (form === 'json') terminal.out(`${JSON.stringify(entry)}\n`);
  else if (form !== 'people') terminal.out(`${ts} ${level} ${text}\n`);
  else terminal.out(`${paint('dim', clock(ts))} ${paint(style, level.padEnd(6))} ${inLine(text)}\n`);
}

/** The time of day of an instant, on the user's clock. */
export function clock(instant: string): string {
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? instant : date.toTimeString().slice(0, 8);
}

function page({ limit, after }: PageOptions): { limit: number | undefined; afterSequence: number | undefined } {
  return { limit: count('--limit', limit), afterSequence: count('--after', after) };
}
