/** Readers of deltas only have the whole text, wherever their connections are cut and whatever the server forgot of them. */
import { type AshStreamEvent, classifyToStreamEvents, parseCursor, type SdkMessage } from '@ash-ai/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extractStreamDelta } from '../src/index.ts';
import { StreamPosition } from '../src/position.ts';

type Data = Record<string, unknown>;
interface Item {
  preview: boolean;
  id: string;
  data: SdkMessage;
}

const turnId = 'turn';
const start: AshStreamEvent = { type: 'session_start', data: { sessionId: 's', version: '1', turnId } };
const done: AshStreamEvent = { type: 'done', data: { sessionId: 's', turnId, status: 'completed' } };

/** A turn as the server numbers it: entries, and previews between them; each message closes a run of previews. */
function numbered(messages: readonly Data[]): Item[] {
  let [seq, run] = [3, 0];
  return messages.map((data) => {
    const preview = data.type === 'stream_event';
    if (preview) run += 1;
    else [seq, run] = [seq + 1, 0];
    return { preview, id: run === 0 ? String(seq) : `${seq}.${run}`, data: data as SdkMessage };
  });
}

/** What a server streams after a cursor that has forgotten the previews before `from`: none after a gap. */
function served(items: readonly Item[], after: string | undefined, from: number): Item[] {
  const cursor = parseCursor(after ?? '3') ?? { seq: 0, previews: 0 };
  let { previews: seen } = cursor;
  return items.filter((item, place) => {
    const { seq, previews } = parseCursor(item.id) ?? cursor;
    if (!item.preview) {
      if (seq <= cursor.seq) return false;
      seen = 0;
      return true;
    }
    if (seq < cursor.seq || previews !== seen + 1 || place < from) return false;
    seen = previews;
    return true;
  });
}

/** Reads the turn over connections of so many items; for each, up to where the server has forgotten previews. */
function read(items: readonly Item[], cuts: readonly { items: number; forgets: number }[]): AshStreamEvent[] {
  const position = new StreamPosition({ untilDone: true, sent: true, partial: true });
  const events: AshStreamEvent[] = [];
  for (const cut of [...cuts, { items: Number.POSITIVE_INFINITY, forgets: 0 }]) {
    const first = position.cursor === undefined ? '3' : undefined;
    const rest = served(items, position.cursor, cut.forgets);
    events.push(...position.take({ event: start, id: first }));
    for (const { data, id } of rest.slice(0, cut.items)) {
      for (const granular of classifyToStreamEvents(data)) {
        events.push(...position.take({ event: granular as AshStreamEvent, id: undefined }));
      }
      events.push(...position.take({ event: { type: 'message', data }, id }));
    }
    if (rest.length <= cut.items) return [...events, ...position.take({ event: done, id: '999' })];
    position.cut();
  }
  return events;
}

/** Prints as agent-sdk readers must: what is open of a message is void when another one starts. */
function printed(events: readonly AshStreamEvent[]): string {
  let [text, open] = ['', ''];
  for (const { type, data } of events) {
    if (type !== 'message' || typeof data.parent_tool_use_id === 'string') continue;
    if ((data.event as Data | undefined)?.type === 'message_start') open = '';
    open += extractStreamDelta(data) ?? '';
    if (data.type === 'assistant') [text, open] = [text + open, ''];
  }
  return text + open;
}

function event(event: Data, parent: string | null = null): Data {
  return { type: 'stream_event', event, parent_tool_use_id: parent, session_id: 's', uuid: 'u' };
}

interface Shape {
  blocks: { type: 'text' | 'thinking' | 'tool_use'; pieces: string[]; noise: number }[];
  /** How much of it comes before its model stream breaks and it comes again; none: it doesn't. */
  breaks: number | undefined;
  /** The second time it doesn't come in parts. */
  unstreamed: boolean;
  parent: string | null;
}

const noise: Data = { type: 'system', subtype: 'status', parent_tool_use_id: null };

/** The messages that a reply of the model becomes. */
function reply({ blocks, breaks, unstreamed, parent }: Shape, nth: number): Data[] {
  const parts = (id: string, streamed: boolean): Data[] => {
    const all = streamed ? [event({ type: 'message_start', message: { id, content: [] } }, parent)] : [];
    blocks.forEach(({ type, pieces, noise: noisy }, index) => {
      const field = { text: 'text', thinking: 'thinking', tool_use: 'partial_json' }[type];
      const delta = { text: 'text_delta', thinking: 'thinking_delta', tool_use: 'input_json_delta' }[type];
      const content_block = type === 'tool_use' ? { type } : { type, [type]: '' };
      if (streamed) all.push(event({ type: 'content_block_start', index, content_block }, parent));
      pieces.forEach((piece, at) => {
        if (at === noisy) all.push(noise);
        if (streamed)
          all.push(event({ type: 'content_block_delta', index, delta: { type: delta, [field]: piece } }, parent));
      });
      const block =
        type === 'tool_use' ? { type, id: `t${nth}`, name: 'Bash', input: {} } : { type, [type]: pieces.join('') };
      all.push({ type: 'assistant', message: { id, model: 'm', content: [block] }, parent_tool_use_id: parent });
      if (streamed) all.push(event({ type: 'content_block_stop', index }, parent));
    });
    return all;
  };
  const again = parts(`m${nth}b`, !unstreamed);
  if (breaks === undefined) return again;
  const begun = parts(`m${nth}a`, true);
  const complete = begun.findIndex(({ type }) => type === 'assistant');
  return [...begun.slice(0, Math.min(breaks, complete)), { ...noise, subtype: 'api_retry' }, ...again];
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  blocks: fc.array(
    fc.record({
      type: fc.constantFrom('text', 'text', 'thinking', 'tool_use'),
      // Few letters, so that different blocks often begin alike.
      pieces: fc.array(fc.string({ unit: fc.constantFrom('a', 'b', '👋'), minLength: 1, maxLength: 3 }), {
        maxLength: 6,
      }),
      noise: fc.nat(9),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  breaks: fc.option(fc.nat(8), { nil: undefined }),
  unstreamed: fc.boolean(),
  parent: fc.constant(null),
});
const cutsOf = fc.array(fc.record({ items: fc.nat(12), forgets: fc.nat(60) }), { maxLength: 6 });

test('whoever prints deltas has the whole text, wherever it was cut and whatever was forgotten', () => {
  fc.assert(
    fc.property(fc.array(shapes, { minLength: 1, maxLength: 4 }), cutsOf, (replies, cuts) => {
      const items = numbered(replies.flatMap(reply));
      const whole = replies
        .flatMap(({ blocks }) => blocks)
        .map(({ type, pieces }) => (type === 'text' ? pieces.join('') : ''));
      expect(printed(read(items, []))).toBe(whole.join(''));
      expect(printed(read(items, cuts))).toBe(whole.join(''));
    }),
    { numRuns: 2000 },
  );
});

test('all that is no preview comes once and unchanged', () => {
  fc.assert(
    fc.property(fc.array(shapes, { minLength: 1, maxLength: 4 }), cutsOf, (replies, cuts) => {
      const items = numbered(replies.flatMap(reply));
      const told = read(items, cuts).filter(({ type, data }) => type === 'message' && data.type !== 'stream_event');
      expect(told.map(({ data }) => data)).toEqual(items.filter(({ preview }) => !preview).map(({ data }) => data));
    }),
  );
});

test('nothing is made up for a reader that missed nothing', () => {
  fc.assert(
    fc.property(fc.array(shapes, { minLength: 1, maxLength: 4 }), fc.array(fc.nat(12)), (replies, cuts) => {
      const items = numbered(replies.flatMap((shape, nth) => reply(quiet(shape), nth)));
      const whole = read(items, []);
      expect(JSON.stringify(whole)).not.toContain('recovered');
      expect(
        read(
          items,
          cuts.map((each) => ({ items: each, forgets: 0 })),
        ),
      ).toEqual(whole);
    }),
  );
});

/** Comes in parts, and no other entry in between. */
function quiet(shape: Shape): Shape {
  return { ...shape, unstreamed: false, blocks: shape.blocks.map((block) => ({ ...block, noise: 99 })) };
}

const long: Shape = {
  blocks: [
    { type: 'text', pieces: ['One, ', 'two, ', 'three.'], noise: 9 },
    { type: 'thinking', pieces: ['hm'], noise: 9 },
  ],
  breaks: undefined,
  unstreamed: false,
  parent: null,
};

test('the rest comes before the complete message, in the shape of the server, marked', () => {
  const items = numbered(reply(long, 0));
  const events = read(items, [
    { items: 3, forgets: 0 },
    { items: Number.POSITIVE_INFINITY, forgets: 999 },
  ]);
  expect(events.slice(1, 8).map(({ type, data }) => [type, type === 'message' ? data.type : data])).toEqual([
    ['message', 'stream_event'],
    ['message', 'stream_event'],
    ['text_delta', { delta: 'One, ' }],
    ['message', 'stream_event'],
    ['text_delta', { delta: 'two, three.', recovered: true }],
    ['message', 'stream_event'],
    ['message', 'assistant'],
  ]);
  expect(events[6]?.data).toEqual({
    type: 'stream_event',
    event: { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'two, three.' } },
    session_id: undefined,
    parent_tool_use_id: null,
    recovered: true,
  });
  expect(events.slice(8, 10)).toMatchObject([
    { type: 'thinking_delta', data: { delta: 'hm', recovered: true } },
    { type: 'message', data: { event: { index: 1, delta: { type: 'thinking_delta', thinking: 'hm' } } } },
  ]);
});

test('a message whose beginning was missed too starts, so that what was open before it is void', () => {
  const broken = { ...long, blocks: [{ type: 'text' as const, pieces: ['No, '], noise: 99 }], breaks: undefined };
  const items = numbered([...reply(broken, 1).slice(0, 3), ...reply(long, 0)]);
  const events = read(items, [
    { items: 3, forgets: 0 },
    { items: Number.POSITIVE_INFINITY, forgets: 999 },
  ]);
  const starts = events.filter(({ type, data }) => type === 'message' && data.recovered === true);
  expect(starts[0]?.data).toHaveProperty('event', {
    type: 'message_start',
    message: { id: 'm0b', model: 'm', content: [] },
  });
  expect(printed(events)).toBe('One, two, three.');
});

test('a subagent that speaks at the same time keeps its text apart', () => {
  const [mine, its] = [reply(long, 0), reply({ ...long, parent: 'call' }, 1)];
  const items = numbered(mine.flatMap((each, at) => [each, its[at] ?? noise]));
  fc.assert(
    fc.property(cutsOf, (cuts) => {
      const events = read(items, cuts);
      expect(printed(events)).toBe('One, two, three.');
      const ofIts = events.map((each) =>
        each.type === 'message' && each.data.parent_tool_use_id === 'call'
          ? { ...each, data: { ...each.data, parent_tool_use_id: null } }
          : { type: 'message' as const, data: {} },
      );
      // Of a subagent of which no part ever came nothing is recovered.
      expect(['One, two, three.', '']).toContain(printed(ofIts));
    }),
  );
});

test('an error in the words of the runtime is not made to text', () => {
  const message = { id: 'e', model: '<synthetic>', content: [{ type: 'text', text: 'API Error' }] };
  const items = numbered([{ type: 'assistant', message, error: 'server_error', parent_tool_use_id: null }]);
  expect(printed(read(items, []))).toBe('');
});

test('a stream that begins within a message leaves that block alone, as another reader may have shown its beginning', () => {
  const items = numbered([...reply(long, 0), ...reply(long, 1)]);
  const from = '3.3';
  const position = new StreamPosition({ untilDone: true, sent: false, partial: true, after: from, turnId });
  const events = served(items, from, 999).flatMap(({ data, id }) =>
    position.take({ event: { type: 'message', data }, id }),
  );
  // Of the first message nothing is told of the block that was open, but all of the next.
  expect(printed(events)).toBe('One, two, three.');
});

test('a delta without index or start is not doubled', () => {
  const delta = event({ type: 'content_block_delta', delta: { type: 'text_delta', text: 'One, ' } });
  const message = { content: [{ type: 'text', text: 'One, two.' }] };
  expect(printed(read(numbered([delta, { type: 'assistant', message }]), []))).toBe('One, two.');
});

test('streams without partial messages get none', () => {
  const position = new StreamPosition({ untilDone: true, sent: true });
  position.take({ event: start, id: '3' });
  const [complete] = reply(long, 0).filter(({ type }) => type === 'assistant');
  const event: AshStreamEvent = { type: 'message', data: complete ?? {} };
  expect(position.take({ event, id: '4' })).toEqual([event]);
});
