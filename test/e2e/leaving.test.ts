/** Clients that leave, come back and come late: the turn doesn't care, and each of them gets everything exactly once. */
import { script } from '@ash-ai/scripted-model';
import { describe, expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import {
  deltasOf,
  expectAscending,
  messagesOf,
  Reader,
  say,
  textOf,
  turnOf,
  type WireEvent,
  wholeItems,
} from './streams.ts';

const use = useAsh();

const beforeTool = 'I shall look around before I say anything about it. ';
const afterTool = 'What I have seen is worth a sentence or two, and here they are, one word after the other.';

/** A turn with several runs of deltas: thinking, text, a tool's input, and text again. */
const longTurn = () =>
  script(
    {
      thinking: 'Where am I, and what is there to see?',
      text: beforeTool,
      tools: [{ name: 'Bash', input: { command: 'echo seen' } }],
      delayMs: 4,
      chunk: 3,
    },
    { text: afterTool, delayMs: 4, chunk: 3 },
  );

/** Everything that a reader who never left sees of a turn, but for the greeting. */
async function wholeTurn(sessionId: string, turnId: string, includePartialMessages: boolean): Promise<WireEvent[]> {
  const reader = await Reader.follow(use.ash, sessionId, { after: '0', turnId, includePartialMessages });
  return await reader.rest();
}

describe('a client that leaves after the first event', () => {
  test('changes nothing: the turn ends, all of it is stored, and the rest can be read from there', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const held = ash.gate.hold(afterTool, 1);
    const leaver = await Reader.send(ash, id, longTurn());
    const start = await leaver.until(() => true);
    expect(start.event).toBe('session_start');
    await leaver.leave();
    // The turn is in its middle, and nobody listens.
    await held.reached;
    held.open();
    const { turnId } = start.data;
    const rest = await (await Reader.follow(ash, id, { after: leaver.cursor, turnId })).rest();
    const turn = turnOf([start, ...rest]);
    expect(turn).toMatchObject({ status: 'completed', text: afterTool });
    expect(textOf(rest)).toBe(beforeTool + afterTool);
    expect(rest).toEqual(await wholeTurn(id, turnId, false));
    const stored = await ash.client.listMessages(id);
    expect(stored.map(({ content }) => JSON.parse(content)).filter(({ type }) => type !== 'user')).toEqual(
      messagesOf(rest).filter(({ type }) => type === 'assistant' || type === 'result'),
    );
    expect((await say(ash, id, 'My name is Alice.')).text).toBe('Nice to meet you, Alice.');
  });

  test('without reading its response at all', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const left = new AbortController();
    await ash.call('POST', `/api/sessions/${id}/messages`, { body: { content: longTurn() }, signal: left.signal });
    left.abort();
    const all = await Reader.follow(ash, id);
    await all.until(({ event }) => event === 'done');
    await all.leave();
    expect(textOf(all.events)).toBe(beforeTool + afterTool);
  });
});

describe('from each place of a finished turn', () => {
  test('header and query give exactly what comes after it', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const { turnId } = await say(ash, id, longTurn());
    const whole = wholeItems(await wholeTurn(id, turnId, false));
    expect(whole.length).toBeGreaterThan(6);
    for (const [index, item] of whole.slice(0, -1).entries()) {
      const after = item.at(-1)?.id;
      const expected = whole.slice(index + 1).flat();
      for (const byQuery of [false, true]) {
        const reader = await Reader.follow(ash, id, { after, byQuery, turnId });
        expect(await reader.rest()).toEqual(expected);
      }
    }
  });

  test('the end of the turn is told again to whoever has it already', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const { turnId, events } = await say(ash, id, 'Hello!');
    await say(ash, id, 'Hello again!');
    const { lastSeq } = await ash.client.getSession(id);
    for (const after of [events.at(-1)?.id, String(lastSeq)]) {
      const reader = await Reader.follow(ash, id, { after, turnId });
      expect(await reader.rest()).toEqual([events.at(-1)]);
    }
  });

  test('a cursor of the future is refused', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const response = await ash.call('GET', `/api/sessions/${id}/stream?after=1000`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'cursor_invalid' });
  });
});

describe('with partial messages', () => {
  test.each([
    ['the first delta of the thinking', 1, 'thinking_delta'],
    ['the first delta of the text', 1, 'text_delta'],
    ['the middle of the text', 9, 'text_delta'],
    ['the middle of a tool’s input', 1, 'input_json_delta'],
    ['the text after the tool', 25, 'text_delta'],
  ])('a client cut off at %s comes back and has it all once', async (_name, nth, type) => {
    const { ash } = use;
    const { id } = await ash.session();
    const first = await Reader.send(ash, id, longTurn(), { includePartialMessages: true });
    const start = await first.until(({ event }) => event === 'session_start');
    const { turnId } = start.data;
    const steady = await Reader.follow(ash, id, { after: start.id, turnId, includePartialMessages: true });
    let seen = 0;
    await first.until(({ event }) => event === type && ++seen === nth);
    await first.leave();
    const cursor = first.cursor;
    const second = await Reader.follow(ash, id, { after: cursor, turnId, includePartialMessages: true });
    const [, ...firstItems] = wholeItems(first.events);
    const pieces = [...firstItems.flat(), ...(await second.rest())];
    const turn = turnOf([start, ...pieces]);
    expect(turn.status).toBe('completed');
    expect(deltasOf(pieces)).toBe(beforeTool + afterTool);
    expect(textOf(pieces)).toBe(beforeTool + afterTool);
    // Whoever stayed saw the same, under the same ids.
    expect(pieces).toEqual(await steady.rest());
  });

  test('a client that comes late gets the complete messages, and the deltas that the server still has', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const tools = [{ name: 'Bash', input: { command: 'echo seen' } }];
    const content = script({ text: beforeTool, tools }, { text: afterTool, chunk: 3, faults: [{ hang: 12 }] });
    const first = await Reader.send(ash, id, content, { includePartialMessages: true });
    const started = afterTool.slice(0, 36);
    await first.until(() => deltasOf(first.events) === beforeTool + started);
    const late = await Reader.follow(ash, id, { includePartialMessages: true });
    await late.until(() => deltasOf(late.events) === beforeTool + started);
    expect(textOf(late.events)).toBe(beforeTool);
    expectAscending(late.events);
    await late.leave();
    expect(await ash.client.interruptSession(id)).toMatchObject({ interrupted: true });
    expect((await first.turn()).status).toBe('interrupted');
  });

  test('the SDK reconnects by itself when every connection breaks after a few events', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    let connections = 0;
    const client = ash.clientOf(
      () => ash.key,
      (response) => {
        connections += 1;
        return breakAfter(response, 4_000);
      },
    );
    const events: WireEvent[] = [];
    for await (const { type, data } of client.sendMessageStream(id, longTurn(), { includePartialMessages: true })) {
      events.push({ event: type, data });
    }
    expect(connections).toBeGreaterThan(3);
    const text = events.map(({ event, data }) => (event === 'text_delta' ? data.delta : '')).join('');
    expect(text).toBe(beforeTool + afterTool);
    expect(textOf(events)).toBe(beforeTool + afterTool);
    expect(events.filter(({ event }) => event === 'session_start')).toHaveLength(1);
    expect(events.filter(({ event }) => event === 'done')).toHaveLength(1);
  });
});

describe('what is stored', () => {
  test('has dense numbers, and messages, events and stream tell the same', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    const turns = [await say(ash, id, 'My name is Alice.'), await say(ash, id, longTurn())];
    await ash.client.pauseSession(id);
    const { lastSeq } = await ash.client.getSession(id);
    const seqs = ash.rows<{ seq: number }>('select seq from log_entries where session_id = ? order by seq', id);
    expect(seqs.map(({ seq }) => seq)).toEqual(Array.from({ length: lastSeq }, (_, index) => index + 1));

    const all = await Reader.follow(ash, id);
    await all.until((event) => event.id === String(lastSeq));
    await all.leave();
    expect(wholeItems(all.events).map((item) => Number(item.at(-1)?.id))).toEqual(seqs.map(({ seq }) => seq));
    expect(all.events.filter(({ event }) => event === 'session').map(({ data }) => data.action)).toEqual([
      'created',
      'paused',
    ]);

    const messages = await ash.client.listMessages(id);
    const said = all.events.flatMap(({ event, data, id: place }) => {
      if (event === 'turn_accepted') return [{ sequence: Number(place), role: 'user', content: data.content }];
      if (event !== 'message' || !['assistant', 'result'].includes(data.type)) return [];
      return [{ sequence: Number(place), role: 'assistant', content: data }];
    });
    expect(
      messages.map(({ sequence, role, content }) => {
        const parsed = JSON.parse(content);
        return { sequence, role, content: role === 'user' ? parsed.content : parsed };
      }),
    ).toEqual(said);

    const events = await ash.client.listSessionEvents(id);
    expect(events.map(({ type }) => type)).toEqual([
      'lifecycle',
      ...['message', 'text', 'turn_complete'],
      ...['message', 'reasoning', 'text', 'tool_start', 'tool_result', 'text', 'turn_complete'],
      'lifecycle',
    ]);
    const toolUse = turns[1]?.events.find(({ event }) => event === 'tool_use');
    const toolStart = events.find(({ type }) => type === 'tool_start');
    expect(JSON.parse(toolStart?.data ?? '')).toMatchObject({ toolName: 'Bash', toolId: toolUse?.data.id });
    expect(JSON.parse(events.find(({ type }) => type === 'tool_result')?.data ?? '')).toMatchObject({
      toolName: 'Bash',
      toolId: toolUse?.data.id,
      stdout: 'seen',
    });
    expect(new Set([...messages, ...events].map((one) => one.id)).size).toBe(messages.length + events.length);
  });

  test('comes in pages of any size', async () => {
    const { ash } = use;
    const { id } = await ash.session();
    await say(ash, id, longTurn());
    const messages = await ash.client.listMessages(id);
    const events = await ash.client.listSessionEvents(id);
    for (const limit of [1, 2, 3, 1000]) {
      expect(await paged((afterSequence) => ash.client.listMessages(id, { limit, afterSequence }))).toEqual(messages);
      expect(await paged((afterSequence) => ash.client.listSessionEvents(id, { limit, afterSequence }))).toEqual(
        events,
      );
    }
    const tools = await ash.client.listSessionEvents(id, { type: 'tool_start' });
    expect(tools).toEqual(events.filter(({ type }) => type === 'tool_start'));
  });
});

async function paged<T extends { sequence: number }>(page: (after: number) => Promise<T[]>): Promise<T[]> {
  const all: T[] = [];
  for (let next = await page(0); next.length > 0; next = await page(all.at(-1)?.sequence ?? 0)) all.push(...next);
  return all;
}

/** The response with a body that breaks after so many bytes, wherever that is. */
function breakAfter(response: Response, bytes: number): Response {
  if (response.body === null) return response;
  let left = bytes;
  const cut = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      if (chunk.length <= left) controller.enqueue(chunk);
      else {
        controller.enqueue(chunk.subarray(0, left));
        controller.error(new TypeError('the line broke'));
      }
      left -= chunk.length;
    },
  });
  return new Response(response.body.pipeThrough(cut), response);
}
