/** `ash chat`: one message and its answer, or a conversation. */
import type { AshClient, Session } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { messageText, show } from './session-send.ts';

export interface ChatOptions {
  sessionId?: string;
  end?: boolean;
}

/** Talks to an agent. The exit code is 1 when the turn of a single message failed. */
export async function chat(
  context: Context,
  agent: string,
  message: string | undefined,
  options: ChatOptions,
): Promise<number> {
  const client = await context.client();
  const content = message === undefined ? undefined : await messageText(message);
  const session = await openSession(client, agent, options.sessionId);
  let code = 1;
  try {
    if (content === undefined) code = await (await import('./chat-terminal.ts')).converse(context, client, session);
    else
      code = await show(
        client.sendMessageStream(session.id, content, { includePartialMessages: true }),
        context.terminal,
      );
  } finally {
    // A session that was there before stays after a failure: its owner may want to look.
    if (options.end && (code === 0 || options.sessionId === undefined)) await client.endSession(session.id);
    else context.terminal.note(`Session: ${session.id}`);
  }
  return code;
}

async function openSession(client: AshClient, agent: string, sessionId: string | undefined): Promise<Session> {
  if (sessionId === undefined) return client.createSession(agent);
  const session = await client.getSession(sessionId);
  return session.status === 'paused' || session.status === 'stopped' ? client.resumeSession(sessionId) : session;
}
