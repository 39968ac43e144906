/**
 * The chat without a screen: lines from a pipe are messages, answers are text on stdout and nothing else.
 * ```
 *   line ──► turn ──done──► next line            SIGINT in a turn: interrupt it;  again: leave
 *      └── /exit, end of input ──► leave
 * ```
 */
import { createInterface } from 'node:readline';
import type { AshClient, Session } from '@ash-ai/sdk';
import { withApprovalNotes } from '../approval-note.ts';
import { show } from '../commands/session-send.ts';
import type { Context } from '../context.ts';
import { describe } from '../failure.ts';

/** Talks until the input ends. The exit code: 1 when a turn failed. */
export async function converseByLines(context: Context, client: AshClient, session: Session): Promise<number> {
  const { terminal } = context;
  const leaving = new AbortController();
  const lines = createInterface({ input: process.stdin, terminal: false });
  let pressed = false;
  let failed = false;
  const onInterrupt = () => {
    if (pressed) {
      leaving.abort();
      lines.close();
      return;
    }
    pressed = true;
    terminal.note(terminal.dim('Interrupting… (Ctrl-C again to leave)'));
    client.interruptSession(session.id).catch((error) => terminal.note(describe(error, context.serverUrl())));
  };
  process.on('SIGINT', onInterrupt);
  try {
    for await (const line of lines) {
      pressed = false;
      const content = line.trim();
      if (content === '/exit' || content === '/quit') break;
      if (content === '') continue;
      const { signal } = leaving;
      const stream = client.sendMessageStream(session.id, content, { includePartialMessages: true, signal });
      const code = await show(withApprovalNotes(stream, context, session.id), terminal).catch((error) => {
        if (!signal.aborted) terminal.note(describe(error, context.serverUrl()));
        return signal.aborted ? 0 : 1;
      });
      failed ||= code !== 0;
      pressed = false;
      if (signal.aborted) break;
    }
  } finally {
    process.off('SIGINT', onInterrupt);
    lines.close();
  }
  return failed ? 1 : 0;
}
