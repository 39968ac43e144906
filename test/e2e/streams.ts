/** Streams as they come over the wire: event by event, with their ids, until their end or until the test leaves. */
import { readSse, type TurnContent } from '@ash-ai/shared';
import { expect } from 'vitest';
import type { Ash } from './harness.ts';

export interface WireEvent {
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever JSON the wire brought
  data: any;
  id?: string;
}

/** What a message may be sent with, besides its text. */
export interface Sending {
  includePartialMessages?: boolean;
  whenBusy?: 'queue' | 'reject' | 'interrupt';
  maxTurns?: number;
  maxBudgetUsd?: number;
  model?: string;
  effort?: string;
  thinking?: { type: string; budgetTokens?: number };
  outputFormat?: { type: string; schema: Record<string, unknown> };
  idempotencyKey?: string;
  /** Default: the key of the test's own tenant. */
  key?: string;
}

/** An open stream. It is read as it comes; what the test has taken of it is in `events`. */
export class Reader {
  /** Everything taken so far. */
  readonly events: WireEvent[] = [];
  /** Whether the connection broke instead of ending. */
  cut = false;
  readonly #left: AbortController;
  readonly #waiting: WireEvent[] = [];
  readonly #over: Promise<void>;
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(response: Response, left: AbortController) {
    this.#left = left;
    this.#over = this.#read(response);
  }

  /** Sends a message; resolves once its stream has begun. */
  static async send(ash: Ash, sessionId: string, content: TurnContent, sending: Sending = {}): Promise<Reader> {
    const { idempotencyKey, key, ...rest } = sending;
    return await Reader.#open(ash, 'POST', `/api/sessions/${sessionId}/messages`, {
      body: { content, ...rest },
      headers: {
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      },
    });
  }

  /** Follows a session from a cursor, given as the header unless `byQuery`. */
  static async follow(
    ash: Ash,
    sessionId: string,
    from: { after?: string | undefined; byQuery?: boolean; turnId?: string; includePartialMessages?: boolean } = {},
  ): Promise<Reader> {
    const { after, byQuery = false, turnId, includePartialMessages = false } = from;
    const query = new URLSearchParams({ includePartialMessages: String(includePartialMessages) });
    if (turnId !== undefined) query.set('turnId', turnId);
    if (after !== undefined && byQuery) query.set('after', after);
    return await Reader.#open(ash, 'GET', `/api/sessions/${sessionId}/stream?${query}`, {
      headers: after === undefined || byQuery ? {} : { 'last-event-id': after },
    });
  }

  static async #open(
    ash: Ash,
    method: string,
    path: string,
    given: { body?: unknown; headers: Record<string, string> },
  ): Promise<Reader> {
    const left = new AbortController();
    const response = await ash.call(method, path, { ...given, signal: left.signal });
    if (response.status !== 200) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    return new Reader(response, left);
  }

  /** Reads on until an event is the one; fails when the stream ends before. */
  async until(matches: (event: WireEvent) => boolean): Promise<WireEvent> {
    for (let event = await this.#next(); event !== undefined; event = await this.#next()) {
      if (matches(event)) return event;
    }
    throw new Error(`the stream ended before: ${matches} ${JSON.stringify(this.events.map(({ event }) => event))}`);
  }

  /** Reads to the end; all events. */
  async rest(): Promise<WireEvent[]> {
    while ((await this.#next()) !== undefined);
    return this.events;
  }

  /** Reads a turn to its end and checks what holds for every turn's stream. */
  async turn(): Promise<Turn> {
    return turnOf(await this.rest());
  }

  /** Goes away, as a client does whose process ends. */
  async leave(): Promise<void> {
    this.#left.abort();
    await this.#over;
  }

  /** The id taken last. */
  get cursor(): string | undefined {
    return this.events.findLast(({ id }) => id !== undefined)?.id;
  }

  async #next(): Promise<WireEvent | undefined> {
    while (this.#waiting.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const next = this.#waiting.shift();
    if (next !== undefined) this.events.push(next);
    return next;
  }

  async #read(response: Response): Promise<void> {
    try {
      if (response.body === null) throw new Error('the response has no body');
      for await (const { event, data, id } of readSse(response.body)) {
        this.#waiting.push({ event, data: JSON.parse(data), ...(id === undefined ? {} : { id }) });
        this.#wake();
      }
    } catch {
      this.cut = true;
    }
    this.#ended = true;
    this.#wake();
  }
}

/** A turn, as its stream tells it. */
export interface Turn {
  events: WireEvent[];
  turnId: string;
  /** Of its `done`. */
  status: string;
  /** Of its result; empty when there was none. */
  text: string;
  error: { code: string; error: string } | undefined;
}

/** Reads a whole stream of one turn; fails unless it begins, goes on and ends as every turn's must. */
export function turnOf(events: readonly WireEvent[]): Turn {
  expect(events[0]?.event).toBe('session_start');
  expect(events.filter(({ event }) => event === 'session_start')).toHaveLength(1);
  expect(events.filter(({ event }) => event === 'done')).toHaveLength(1);
  const done = events.at(-1);
  expect(done?.event).toBe('done');
  expect(done?.data.turnId).toBe(events[0]?.data.turnId);
  expectAscending(events);
  const errors = events.filter(({ event }) => event === 'error');
  expect(errors.length).toBeLessThanOrEqual(1);
  if (errors.length > 0) expect(events.at(-2)).toBe(errors[0]);
  // What the runtime says of a turn names it: none of another turn may be among it.
  const about = messagesOf(events).map((message) => message.command_uuid ?? message.user_message_uuid);
  expect(about.filter((turnId) => turnId !== undefined && turnId !== done?.data.turnId)).toEqual([]);
  const result = messagesOf(events).findLast(({ type }) => type === 'result');
  return {
    events: [...events],
    turnId: done?.data.turnId,
    status: done?.data.status,
    text: result?.result ?? '',
    error: errors[0]?.data,
  };
}

/** Sends a message and reads its turn to the end. */
export async function say(ash: Ash, sessionId: string, content: TurnContent, sending: Sending = {}): Promise<Turn> {
  return await (await Reader.send(ash, sessionId, content, sending)).turn();
}

/** The SDK messages of a stream. */
// biome-ignore lint/suspicious/noExplicitAny: whatever the Agent SDK said
export function messagesOf(events: readonly WireEvent[]): any[] {
  return events.filter(({ event }) => event === 'message').map(({ data }) => data);
}

/** The text of all deltas that came whole: those after the last id come again with the next connection. */
export function deltasOf(events: readonly WireEvent[]): string {
  return wholeItems(events)
    .flat()
    .filter(({ event }) => event === 'text_delta')
    .map(({ data }) => data.delta)
    .join('');
}

/** The text of the complete assistant messages. */
export function textOf(events: readonly WireEvent[]): string {
  return messagesOf(events)
    .filter(({ type }) => type === 'assistant')
    .flatMap(({ message }) => message.content)
    .map((block) => (block.type === 'text' ? block.text : ''))
    .join('');
}

/**
 * Events by item: each ends with the event that bears an id. What comes after the last id was cut off, and comes again
 * with the next connection.
 */
export function wholeItems(events: readonly WireEvent[]): WireEvent[][] {
  const items: WireEvent[][] = [];
  let item: WireEvent[] = [];
  for (const event of events) {
    item.push(event);
    if (event.id === undefined) continue;
    items.push(item);
    item = [];
  }
  return items;
}

/** No id twice, none out of order. */
export function expectAscending(events: readonly WireEvent[]): void {
  const places = events.flatMap(({ id }) => (id === undefined ? [] : [id.split('.').map(Number)]));
  for (const [index, [seq = 0, preview = 0]] of places.entries()) {
    const [lastSeq = -1, lastPreview = 0] = places[index - 1] ?? [];
    expect(
      seq > lastSeq || (seq === lastSeq && preview > lastPreview),
      `${seq}.${preview} after ${lastSeq}.${lastPreview}`,
    ).toBe(true);
  }
}
