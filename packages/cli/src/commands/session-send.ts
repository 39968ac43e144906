/** `ash session send` and `ash session follow`: what a turn streams, for people, for programs, or raw. */
import { text as readText } from 'node:stream/consumers';
import type { AshStreamEvent } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import type { Terminal } from '../terminal.ts';
import { TurnPrinter } from '../turn-printer.ts';

interface ShowOptions {
  raw?: boolean;
  json?: boolean;
}

/** Sends a message and shows its turn. The exit code is 1 when the turn failed. */
export async function sendMessage(
  context: Context,
  id: string,
  message: string,
  options: ShowOptions & { model?: string },
): Promise<number> {
  const client = await context.client();
  const content = await messageText(message);
  const stream = client.sendMessageStream(id, content, {
    includePartialMessages: !options.raw && !options.json,
    model: options.model,
  });
  return show(stream, context.terminal, options);
}

/** Follows a session. With a turn the exit code is 1 when that turn failed. */
export async function followSession(
  context: Context,
  id: string,
  options: ShowOptions & { after?: string; turn?: string; partial?: boolean },
): Promise<number> {
  const client = await context.client();
  const { after, turn: turnId, partial: includePartialMessages } = options;
  const stream = client.followSession(id, { after, turnId, includePartialMessages });
  return show(stream, context.terminal, { ...options, raw: !options.json });
}

/** Shows a stream to its end; the exit code that it stands for. */
export async function show(
  stream: AsyncIterable<AshStreamEvent>,
  terminal: Terminal,
  options: ShowOptions = {},
): Promise<number> {
  const silent: Terminal = { ...terminal, out: () => undefined, note: () => undefined };
  const printer = new TurnPrinter(options.raw || options.json ? silent : terminal);
  try {
    for await (const event of stream) {
      printer.take(event);
      if (options.json) terminal.out(`${JSON.stringify(event)}\n`);
      else if (options.raw) terminal.out(`[${event.type}] ${cut(JSON.stringify(event.data))}\n`);
    }
  } finally {
    printer.close();
  }
  if (printer.failure === undefined) return 0;
  terminal.note(`Failed: ${await withSuggestion(printer.failure, printer.code)}`);
  return 1;
}

/** The text of a message argument: `-` stands for stdin. */
export async function messageText(argument: string): Promise<string> {
  return argument === '-' ? readText(process.stdin) : argument;
}

async function withSuggestion(text: string, code: string | undefined): Promise<string> {
  const { errorTable } = await import('@ash-ai/shared');
  const known: Record<string, { suggestion?: string }> = errorTable;
  const suggestion = code !== undefined && Object.hasOwn(known, code) ? known[code]?.suggestion : undefined;
  return suggestion === undefined ? text : `${/[.!?]$/.test(text) ? text : `${text}.`} ${suggestion}`;
}

function cut(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
