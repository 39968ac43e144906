/** A recorded turn as the server streams it, and a server that cuts it wherever a test wants. */
import { type AshStreamEvent, formatSse, formatSseComment, parseCursor } from '@ash-ai/shared';

export const sessionId = '019a0000-0000-7000-8000-000000000001';
export const turnId = '019a0000-0000-7000-8000-000000000002';

const start: AshStreamEvent = { type: 'session_start', data: { sessionId, version: '0.1.0', turnId } };
const partial = (event: Record<string, unknown>) => ({ type: 'stream_event', event });
const delta = (text: string) => partial({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });

/** What each id stands for: the events that come in one chunk, the last of them with the id. */
const chunks: { id: string; events: AshStreamEvent[] }[] = [
  { id: '4', events: [{ type: 'message', data: { type: 'system', subtype: 'init' } }] },
  {
    id: '4.1',
    events: [{ type: 'message', data: partial({ type: 'message_start', message: { id: 'm1', content: [] } }) }],
  },
  {
    id: '4.2',
    events: [
      {
        type: 'message',
        data: partial({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
      },
    ],
  },
  ...['Grüß ', 'dich, ', '👋!'].map((text, index) => ({
    id: `4.${index + 3}`,
    events: [
      { type: 'text_delta', data: { delta: text } },
      { type: 'message', data: delta(text) },
    ] satisfies AshStreamEvent[],
  })),
  {
    id: '5',
    events: [
      { type: 'tool_use', data: { id: 't1', name: 'Bash', input: { command: 'ls' } } },
      {
        type: 'message',
        data: { type: 'assistant', message: { id: 'm1', content: [{ type: 'text', text: 'Grüß dich, 👋!' }] } },
      },
    ],
  },
  {
    id: '6',
    events: [
      { type: 'turn_complete', data: { numTurns: 1, result: 'Grüß dich, 👋!' } },
      { type: 'message', data: { type: 'result', subtype: 'success', is_error: false } },
    ],
  },
  { id: '7', events: [{ type: 'done', data: { sessionId, turnId, status: 'completed' } }] },
];

export const wholeTurn: AshStreamEvent[] = [start, ...chunks.flatMap((chunk) => chunk.events)];

/** The bytes of the stream from a cursor on. */
export function streamFrom(after: string | undefined): Buffer {
  const cursor = parseCursor(after ?? '0') ?? { seq: 0, previews: 0 };
  const rest = chunks.filter(({ id }) => {
    const at = parseCursor(id) ?? { seq: 0, previews: 0 };
    return at.seq > cursor.seq || (at.seq === cursor.seq && at.previews > cursor.previews);
  });
  const frames = rest.flatMap(({ id, events }) =>
    events.map((event, index) =>
      formatSse(event.type, JSON.stringify(event.data), index === events.length - 1 ? id : undefined),
    ),
  );
  const head = `${formatSseComment('hi')}retry: 1\n\n${formatSse(start.type, JSON.stringify(start.data), after === undefined ? '3' : undefined)}`;
  return Buffer.from(head + frames.join(formatSseComment('beat')));
}
