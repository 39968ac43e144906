/**
 * A conversation in the terminal, or with lines from a pipe.
 * ```
 *   prompt ──line──► turn ──done──► prompt            Ctrl-C in a turn: interrupt it;  again: leave
 *      └── /exit, end of input ──► leave              Ctrl-C at the prompt: warn;      again: leave
 * ```
 */
import { createInterface } from 'node:readline';
import type { AshClient, Session } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { describe } from '../failure.ts';
import { show } from './session-send.ts';

/** Talks until the user leaves. The exit code: 1 when a turn failed and nobody was there to see it. */
export async function converse(context: Context, client: AshClient, session: Session): Promise<number> {
  const { terminal } = context;
  const interactive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  const leaving = new AbortController();
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    terminal: interactive,
    prompt: interactive ? '> ' : '',
  });
  const ask = () => {
    // After the end of its input a closed readline still hands out the lines that it has read.
    if (open) lines.prompt();
  };
  let open = true;
  lines.once('close', () => {
    open = false;
  });
  let inTurn = false;
  let pressed = false;
  let failed = false;

  const onInterrupt = () => {
    if (pressed) {
      leaving.abort();
      lines.close();
      return;
    }
    pressed = true;
    if (inTurn) {
      terminal.note(terminal.dim('Interrupting… (Ctrl-C again to leave)'));
      client.interruptSession(session.id).catch((error) => terminal.note(describe(error, context.serverUrl())));
    } else {
      terminal.note(terminal.dim('\n(Ctrl-C again or /exit to leave)'));
      ask();
    }
  };
  lines.on('SIGINT', onInterrupt);
  process.on('SIGINT', onInterrupt);
  if (interactive) terminal.note(terminal.dim(`Talking to ${session.agentName}. /exit leaves, Ctrl-C interrupts.`));

  try {
    ask();
    for await (const line of lines) {
      pressed = false;
      const content = line.trim();
      if (content === '/exit') break;
      if (content !== '') {
        inTurn = true;
        const { signal } = leaving;
        const stream = client.sendMessageStream(session.id, content, { includePartialMessages: true, signal });
        const code = await show(stream, terminal).catch((error) => {
          if (!signal.aborted) terminal.note(describe(error, context.serverUrl()));
          return signal.aborted ? 0 : 1;
        });
        failed ||= code !== 0;
        inTurn = false;
        pressed = false;
      }
      if (leaving.signal.aborted) break;
      ask();
    }
  } finally {
    process.off('SIGINT', onInterrupt);
    lines.close();
  }
  return failed && !interactive ? 1 : 0;
}
