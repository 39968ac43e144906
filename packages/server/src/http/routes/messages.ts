/** Messages: send one and stream its turn, follow a session, read what was said and what happened. */
import { type Cursor, errors, formatSse, parseCursor } from '@ash-ai/shared';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { Rooms } from '../rooms.ts';

type MessageRoutes = Pick<Contract, 'sendMessage' | 'listMessages' | 'listSessionEvents' | 'followSession'>;

/** The handlers of the message routes. */
export function messageHandlers({ turns, log, version }: Rooms): HandlersOf<MessageRoutes> {
  return {
    sendMessage: async ({ tenantId, params, body, headers, signal }) => {
      const sessionId = params.id;
      const { content, whenBusy, includePartialMessages: previews, ...given } = body;
      // Zod's types allow an explicit undefined, which JSON can't hold.
      const input = { content, whenBusy, options: given as TurnOptions };
      const { turnId, acceptedSeq } = await turns.start(tenantId, sessionId, input, idempotencyKeyOf(headers));
      const cursor: Cursor = { seq: acceptedSeq, previews: 0 };
      return {
        view: { sessionId, turnId, previews },
        opening: formatSse('session_start', JSON.stringify({ sessionId, version, turnId }), String(acceptedSeq)),
        items: await log.follow(tenantId, sessionId, { cursor, turnId, previews, signal }),
        position: () => turns.positionOf(sessionId),
      };
    },

    followSession: async ({ tenantId, params, query, headers, signal }) => {
      const sessionId = params.id;
      const { turnId, includePartialMessages: previews } = query;
      const cursor = cursorOf(headers['last-event-id'] || query.after);
      const items = await log.follow(tenantId, sessionId, { cursor, turnId, previews, signal });
      // Whoever reads on has a message to send, more often than not.
      if (turnId === undefined) await turns.wake(tenantId, sessionId);
      return {
        view: { sessionId, turnId, previews },
        opening: '',
        items,
        position: () => turns.positionOf(sessionId),
      };
    },

    listMessages: async ({ tenantId, params, query }) => ({
      messages: await log.messages(tenantId, params.id, query),
    }),

    listSessionEvents: async ({ tenantId, params, query }) => ({
      events: await log.events(tenantId, params.id, query),
    }),
  };
}

/** The place that a reader asks to go on from; the beginning when it names none. */
function cursorOf(text: string | string[] | undefined): Cursor {
  if (text === undefined || text === '') return { seq: 0, previews: 0 };
  const cursor = parseCursor(String(text));
  if (cursor === undefined) throw errors.cursor_invalid({ cursor: String(text).slice(0, 100) });
  return cursor;
}
