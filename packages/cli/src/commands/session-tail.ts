/** `ash session tail`: the timeline of a session, one line an event, until Ctrl-C. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionEvent } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { leaving } from '../detach.ts';
import { eventSummary } from '../output/summary.ts';
import { cutTo, inLine } from '../output/width.ts';
import { clock } from './session-history.ts';

/** How often the timeline is read when nothing new was there, in ms. */
const everyMs = 300;
const pageSize = 50;
const longestSummary = 120;

export async function tail(context: Context, id: string, options: { type?: string }): Promise<void> {
  const { terminal } = context;
  const client = await context.client();
  using left = leaving();
  let afterSequence = 0;
  let lost = false;
  let answered = false;
  for (;;) {
    try {
      const page = { afterSequence, limit: pageSize, type: options.type };
      const events = await client.listSessionEvents(id, page, { signal: left.signal });
      answered = true;
      if (lost) terminal.note('The server answers again.');
      lost = false;
      for (const event of events) print(context, event);
      afterSequence = events.at(-1)?.sequence ?? afterSequence;
      if (events.length === 0) await sleep(everyMs, undefined, { signal: left.signal });
    } catch (error) {
      if (left.signal.aborted) return;
      // A server that restarts is waited for, once it has answered.
      if (!answered || !isPassing(error)) throw error;
      if (!lost) terminal.note('The server does not answer; waiting for it …');
      lost = true;
      await sleep(everyMs * 3, undefined, { signal: left.signal }).catch(() => undefined);
      if (left.signal.aborted) return;
    }
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof Error && 'retryable' in error && error.retryable === true);
}

function print({ terminal, form, paint, width }: Context, event: SessionEvent): void {
  const { type, sequence, createdAt, data } = event;
  const before = `${clock(createdAt)} #${sequence} [${type}] `.length;
  const room = width === undefined ? longestSummary : Math.min(longestSummary, Math.max(20, width - before));
  const summary = cutTo(inLine(eventSummary(type, data)), room);
  const place = `${paint('dim', clock(createdAt))} ${paint('dim', `#${sequence}`)}`;
  if (form === 'json') terminal.out(`${JSON.stringify(event)}\n`);
  else terminal.out(`${place} ${paint(type === 'error' ? 'red' : 'cyan', `[${type}]`)} ${summary}\n`);
}
