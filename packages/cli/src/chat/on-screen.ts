/** The chat on this process's terminal, and what is said when it is left. */
import type { AshClient, Session } from '@ash-ai/sdk';
import { attach } from '../attach.ts';
import type { Context } from '../context.ts';
import { telling } from '../reachable.ts';
import { Chat } from './chat.ts';
import { processTerminal } from './screen/terminal.ts';

/** A chat waits longer for a server that is away than a command does: somebody sees that it waits. */
const patientRetries = 20;

export interface OnScreen {
  session: Session;
  resumed: boolean;
  first?: { text: string; paths: readonly string[] } | undefined;
  once?: boolean;
  /** Opens another session. Default: one of the same agent. */
  open?: (() => Promise<Session>) | undefined;
  renew?: (() => Promise<Session | undefined>) | undefined;
  /** Whether it is said how to come back. Default true. */
  farewell?: boolean;
  /** Handed the chat before it begins. */
  onChat?: (chat: Chat) => void;
}

/** Talks until the user leaves. `ended`: the user has ended the session. */
export async function chatOnScreen(
  context: Context,
  { session, resumed, first, once = false, open, renew, onChat, ...rest }: OnScreen,
): Promise<{ code: number; ended: boolean }> {
  const serverUrl = context.serverUrl();
  const fetch = telling((reachable) => chat.reach(reachable));
  const client = await context.client(serverUrl, { maxRetries: patientRetries, fetch });
  const chat: Chat = new Chat({
    terminal: processTerminal(context.coloured),
    client,
    attach: quietly(context, client),
    serverUrl,
    session,
    resumed,
    first,
    once,
    open: open ?? (() => client.createSession(session.agentName)),
    renew,
  });
  onChat?.(chat);
  const code = await chat.run();
  if (!chat.ended && rest.farewell !== false) context.terminal.note(context.terminal.dim(farewell(chat)));
  return { code, ended: chat.ended };
}

/** Progress would be written across the screen. */
function quietly(context: Context, client: AshClient) {
  const silent = { ...context, terminal: { ...context.terminal, progress: () => undefined } };
  return (sessionId: string, text: string, paths: readonly string[]) =>
    paths.length === 0 ? Promise.resolve(text) : attach(silent, client, sessionId, text, paths);
}

function farewell({ link: { session }, conversation }: Chat): string {
  const turn = conversation.turn === undefined ? '' : ' Its turn goes on without you.';
  return `Session: ${session.id}${turn}\nGo on with: ash chat ${session.agentName} -s ${session.id}`;
}
