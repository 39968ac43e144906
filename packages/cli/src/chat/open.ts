/** `ash chat`: opens or finds the session, then talks: on a screen, by lines, or one message. */
import { text as readText } from 'node:stream/consumers';
import type { AshClient, Session } from '@ash-ai/sdk';
import { withApprovalNotes } from '../approval-note.ts';
import { show } from '../commands/session-send.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { awake } from './link.ts';
import { converseByLines } from './plain.ts';
import { hasScreen } from './screen/terminal.ts';

export interface ChatCommandOptions {
  sessionId?: string;
  last?: boolean;
  end?: boolean;
  file?: string[];
  json?: boolean;
  model?: string;
  permissionMode?: string;
}

/** Talks to an agent. The exit code is 1 when the turn of a single message failed. */
export async function chat(
  context: Context,
  agent: string | undefined,
  message: string | undefined,
  options: ChatCommandOptions,
): Promise<number> {
  const client = await context.client();
  const text = message === '-' ? await readText(process.stdin) : message;
  const paths = options.file ?? [];
  if (paths.length > 0 && text === undefined)
    throw new Failure('--file goes with a message. In the chat, /attach does that.');
  const { session, resumed } = await openSession(client, agent, options);
  // Not with a message from a pipe: then nobody can answer, and the text alone is wanted.
  const json = options.json === true;
  const onScreen = hasScreen() && message !== '-' && !json && context.form !== 'quiet';
  let code = 1;
  let ended = false;
  try {
    if (onScreen) {
      const { chatOnScreen } = await import('./on-screen.ts');
      const first = text === undefined ? undefined : { text, paths };
      ({ code, ended } = await chatOnScreen(context, { session, resumed, first, once: first !== undefined }));
    } else if (text === undefined) code = await converseByLines(context, client, session);
    else {
      const { attach } = await import('../attach.ts');
      const content = paths.length === 0 ? text : await attach(context, client, session.id, text, paths);
      const stream = client.sendMessageStream(session.id, content, { includePartialMessages: !json });
      code = await show(withApprovalNotes(stream, context, session.id), context.terminal, { json });
    }
  } finally {
    if (ended) context.terminal.note(`Session ended: ${session.id}`);
    // A session that was there before stays after a failure: its owner may want to look.
    else if (options.end && (code === 0 || !resumed)) await client.endSession(session.id);
    else if (!onScreen) context.terminal.note(`Session: ${session.id}`);
  }
  return code;
}

async function openSession(
  client: AshClient,
  agent: string | undefined,
  { sessionId, last, model, permissionMode }: ChatCommandOptions,
): Promise<{ session: Session; resumed: boolean }> {
  if (sessionId !== undefined)
    return { session: await awake(client, await client.getSession(sessionId)), resumed: true };
  const name = agent ?? (await onlyAgent(client));
  if (last) {
    const newest = (await client.listSessions({ agent: name, limit: 50 })).find(({ status }) => status !== 'ended');
    if (newest !== undefined) return { session: await awake(client, newest), resumed: true };
  }
  const mode = permissionMode as 'default' | undefined;
  return { session: await client.createSession(name, { model, permissionMode: mode }), resumed: false };
}

async function onlyAgent(client: AshClient): Promise<string> {
  const names = (await client.listAgents()).map(({ name }) => name);
  const [one] = names;
  if (one !== undefined && names.length === 1) return one;
  if (one === undefined) throw new Failure('No agent is deployed yet. Deploy a folder: ash deploy <path>');
  throw new Failure(`Which agent? ${names.join(', ')}`);
}
