/** Messages: send, stream, follow, and read what was said. */
import { type AshStreamEvent, newId } from '@ash-ai/shared';
import { follow } from './follow.ts';
import { StreamPosition } from './position.ts';
import type { CallOptions, Requests } from './request.ts';
import type { FollowSessionOptions, Message, SendMessageRequest, SessionEvent } from './types.ts';

/** Text, or blocks of text, images and documents. */
export type MessageContent = SendMessageRequest['content'];

/** What a message may be sent with. */
export type SendMessageOptions = Omit<SendMessageRequest, 'content'> & CallOptions;

export type MessageCalls = ReturnType<typeof messageCalls>;

/** The calls about messages. */
export function messageCalls(requests: Requests) {
  const patience = { maxRetries: requests.maxRetries, maxReconnects: requests.maxRetries * 3 };
  return {
    /** Sends a message and gives the raw response; its body is the event stream of the turn. It doesn't reconnect. */
    sendMessage(id: string, content: MessageContent, options: SendMessageOptions = {}): Promise<Response> {
      const { signal, idempotencyKey, ...rest } = options;
      return requests.open('sendMessage', { params: { id }, body: { content, ...rest } }, { signal, idempotencyKey });
    },

    /**
     * Sends a message and streams the turn. When the connection breaks it reconnects from where it was, so that every
     * event comes once; leaving the loop leaves the turn running. Failures of the turn are `error` events.
     *
     * @param options `includePartialMessages` for token deltas, `signal` to stop listening, and what holds for this turn
     * @throws AshApiError `session_not_found`, `session_not_active`, `turn_queue_full`, … on the first `next()`
     * @example
     * for await (const event of client.sendMessageStream(session.id, 'Hello!')) {
     *   if (event.type === 'message') console.log(extractTextFromEvent(event.data));
     * }
     */
    async *sendMessageStream(
      id: string,
      content: MessageContent,
      options: SendMessageOptions = {},
    ): AsyncGenerator<AshStreamEvent, void, undefined> {
      const { signal, idempotencyKey = newId(), ...rest } = options;
      const { includePartialMessages } = options;
      const position = new StreamPosition({ untilDone: true, sent: true, partial: includePartialMessages });
      yield* follow({
        position,
        ...patience,
        signal,
        connect: () =>
          position.begun
            ? openFollow(id, { ...at(position), includePartialMessages }, signal)
            : requests.open(
                'sendMessage',
                { params: { id }, body: { content, ...rest } },
                { signal, idempotencyKey, retries: 0 },
              ),
      });
    },

    /**
     * Follows a session from a cursor: what was stored since, then what happens live. With `turnId` only that turn, up
     * to its `done`; else without end, until the loop is left or `signal` is aborted. Reconnects like `sendMessageStream`.
     *
     * @throws AshApiError `session_not_found`, `turn_not_found`, `cursor_invalid`
     */
    async *followSession(
      id: string,
      options: FollowSessionOptions = {},
    ): AsyncGenerator<AshStreamEvent, void, undefined> {
      const { after, turnId, includePartialMessages, signal } = options;
      const position = new StreamPosition({
        after: after === undefined ? undefined : String(after),
        turnId,
        untilDone: turnId !== undefined,
        sent: false,
        partial: includePartialMessages,
      });
      yield* follow({
        position,
        ...patience,
        signal,
        connect: () => openFollow(id, { ...at(position), includePartialMessages }, signal),
      });
    },

    /** Messages of a session, oldest first. @param page `limit` (default 100), `afterSequence` to start after */
    async listMessages(
      id: string,
      page: { limit?: number | undefined; afterSequence?: number | undefined } = {},
      options: CallOptions = {},
    ): Promise<Message[]> {
      const query = { limit: page.limit, after: page.afterSequence };
      return (await requests.json('listMessages', { params: { id }, query }, options)).messages;
    },

    /** The timeline of a session, oldest first. @param page `limit` (default 200), `afterSequence`, `type` to keep only one */
    async listSessionEvents(
      id: string,
      page: { limit?: number | undefined; afterSequence?: number | undefined; type?: string | undefined } = {},
      options: CallOptions = {},
    ): Promise<SessionEvent[]> {
      const query = { limit: page.limit, after: page.afterSequence, type: page.type };
      return (await requests.json('listSessionEvents', { params: { id }, query }, options)).events;
    },
  };

  function openFollow(
    id: string,
    query: { after: string | undefined; turnId: string | undefined; includePartialMessages: boolean | undefined },
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    return requests.open('followSession', { params: { id }, query }, { signal, retries: 0 });
  }
}

function at(position: StreamPosition): { after: string | undefined; turnId: string | undefined } {
  return { after: position.cursor, turnId: position.turnId };
}
