/** `ash session send` and `ash session follow`: what a turn streams, for people, for programs, or raw. */
import { text as readText } from 'node:stream/consumers';
import type { AshClient, AshStreamEvent, SendMessageOptions } from '@ash-ai/sdk';
import { withApprovalNotes } from '../approval-note.ts';
import type { Context } from '../context.ts';
import { leaving, leftCode } from '../detach.ts';
import { Failure } from '../failure.ts';
import { amount, choice, count, jsonObject } from '../option-values.ts';
import { movingLine } from '../output/waiting.ts';
import { telling } from '../reachable.ts';
import type { Terminal } from '../terminal.ts';
import { TurnPrinter } from '../turn-printer.ts';

interface ShowOptions {
  raw?: boolean;
  json?: boolean;
}

export interface SendOptions extends ShowOptions {
  model?: string;
  maxTurns?: string;
  maxBudgetUsd?: string;
  effort?: string;
  whenBusy?: string;
  file?: string[];
  detach?: boolean;
  with?: string;
}

const efforts = ['low', 'medium', 'high', 'max'] as const;
const whenBusy = ['queue', 'reject', 'interrupt'] as const;

/** Sends a message and shows its turn. The exit code is 1 when the turn failed. */
export async function sendMessage(
  context: Context,
  id: string,
  message: string,
  options: SendOptions,
): Promise<number> {
  const { terminal } = context;
  const client = await context.client();
  const given = await sendGiven(options);
  const text = await messageText(message);
  const content = options.file === undefined ? text : await withFiles(context, client, id, text, options.file);
  using left = leaving();
  using line = movingLine(context, 'Waiting for the agent');
  let turnId: string | undefined;
  async function* watched() {
    const includePartialMessages = !options.raw && !options.json;
    const stream = client.sendMessageStream(id, content, { ...given, includePartialMessages, signal: left.signal });
    for await (const event of stream) {
      if (event.type === 'session_start') turnId = event.data.turnId;
      else line[Symbol.dispose]();
      if (options.detach) return;
      yield event;
    }
  }
  try {
    const code = await show(withApprovalNotes(watched(), context, id), terminal, options);
    if (!options.detach) return code;
    if (options.json) terminal.json({ sessionId: id, turnId: turnId ?? null });
    else terminal.out(context.form === 'quiet' ? `${turnId}\n` : `Turn started: ${turnId}\n`);
    return 0;
  } catch (error) {
    line[Symbol.dispose]();
    if (!left.signal.aborted) throw error;
    if (turnId === undefined) terminal.fail('Left before the server took the message.');
    else {
      terminal.fail('The turn goes on.');
      terminal.fail(`  watch  ash session follow ${id} --turn ${turnId}`);
      terminal.fail(`  stop   ash session interrupt ${id}`);
    }
    return leftCode;
  }
}

async function sendGiven(options: SendOptions): Promise<SendMessageOptions> {
  const given = {
    model: options.model,
    maxTurns: count('--max-turns', options.maxTurns),
    maxBudgetUsd: amount('--max-budget-usd', options.maxBudgetUsd),
    effort: choice('--effort', options.effort, efforts),
    whenBusy: choice('--when-busy', options.whenBusy, whenBusy),
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...(await jsonObject('--with', options.with)), ...set };
}

async function withFiles(context: Context, client: AshClient, id: string, text: string, paths: readonly string[]) {
  const { attach } = await import('../attach.ts');
  return attach(context, client, id, text, paths);
}

/** Follows a session. With a turn the exit code is 1 when that turn failed. */
export async function followSession(
  context: Context,
  id: string,
  options: ShowOptions & { after?: string; from?: string; turn?: string; partial?: boolean },
): Promise<number> {
  // A wrong id or key is told at once; only then is a silent server waited for.
  const session = await (await context.client()).getSession(id);
  const { turn: turnId } = options;
  const after = cursorOf(options.from ?? options.after, session.lastSeq);
  const { terminal } = context;
  const told = (reachable: boolean) =>
    terminal.note(terminal.dim(reachable ? '(the server is back)' : '(the server does not answer; waiting for it)'));
  const client = await context.client(undefined, { maxRetries: 10_000, fetch: telling(told) });
  using left = leaving();
  const people = context.form === 'people' && !options.raw;
  const includePartialMessages = options.partial ?? people;
  const stream = client.followSession(id, { after, turnId, includePartialMessages, signal: left.signal });
  const log = turnId === undefined;
  const shown = log ? stream : withApprovalNotes(stream, context, id);
  try {
    return await show(shown, context.terminal, { json: options.json === true, raw: !people }, log);
  } catch (error) {
    if (!left.signal.aborted) throw error;
    return turnId === undefined ? 0 : leftCode;
  }
}

/** `start`, `now`, or what the API takes for a cursor. */
function cursorOf(from: string | undefined, lastSeq: number): string | undefined {
  if (from === undefined || from === 'start') return undefined;
  if (from === 'now') return String(lastSeq);
  if (!/^\d{1,15}(\.\d{1,15})?$/.test(from)) {
    throw new Failure(`--from takes "start", "now" or a sequence to begin after, not ${JSON.stringify(from)}`);
  }
  return from;
}

/** Shows a stream to its end; the exit code that it stands for. @param log whether it is a whole log, not one turn */
export async function show(
  stream: AsyncIterable<AshStreamEvent>,
  terminal: Terminal,
  options: ShowOptions = {},
  log = false,
): Promise<number> {
  const silent: Terminal = { ...terminal, out: () => undefined, note: () => undefined };
  const printer = new TurnPrinter(options.raw || options.json ? silent : terminal, log);
  try {
    for await (const event of stream) {
      printer.take(event);
      if (options.json) terminal.out(`${JSON.stringify(event)}\n`);
      else if (options.raw) terminal.out(`[${event.type}] ${cut(JSON.stringify(event.data))}\n`);
    }
  } finally {
    printer.close();
  }
  if (printer.failure === undefined || log) return 0;
  const suggestion = await suggestionFor(printer.code);
  if (options.json) {
    const { failure: error, code } = printer;
    terminal.fail(JSON.stringify({ error, ...(code && { code }), ...(suggestion && { suggestion }) }));
  } else terminal.fail(`Failed: ${printer.failure}${suggestion === undefined ? '' : `\n  ${suggestion}`}`);
  return 1;
}

/** The text of a message argument: `-` stands for stdin. */
export async function messageText(argument: string): Promise<string> {
  return argument === '-' ? readText(process.stdin) : argument;
}

async function suggestionFor(code: string | undefined): Promise<string | undefined> {
  const { errorTable } = await import('@ash-ai/shared');
  const known: Record<string, { suggestion?: string }> = errorTable;
  return code !== undefined && Object.hasOwn(known, code) ? known[code]?.suggestion : undefined;
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
