/** Server-sent events: one writer and one reader (WHATWG HTML §9.2), both without dependencies. */

/** One event as it stands on the wire. */
export interface SseEvent {
  /** Event name; `message` when the sender gave none. */
  event: string;
  /** The `data` lines, joined by LF. */
  data: string;
  /** Resume point. Absent when this event carries none. */
  id?: string;
}

/** Text of one event. `data` must be one line (JSON text is); `id` comes first so that old line-based clients see `event` then `data`. */
export function formatSse(event: string, data: string, id?: string): string {
  return id === undefined ? `event: ${event}\ndata: ${data}\n\n` : `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

/** Text of a comment line: a heartbeat that every client ignores. */
export function formatSseComment(text: string): string {
  return `: ${text}\n\n`;
}

/** Thrown when one event is larger than the bound. */
export class SseEventTooLarge extends Error {
  override readonly name = 'SseEventTooLarge';
}

/**
 * Reads the events of a byte stream, whatever way it is cut into chunks. Ends at the end of the stream; an unfinished
 * last event is dropped, as the specification asks. Breaking out of the loop cancels the stream.
 *
 * @param maxEventChars largest event accepted (default 64 Mi characters); a larger one throws {@link SseEventTooLarge}
 * @param onRetry called with the `retry:` hint of the server, in ms
 */
export async function* readSse(
  stream: ReadableStream<Uint8Array>,
  options: { maxEventChars?: number; onRetry?: (retryMs: number) => void } = {},
): AsyncGenerator<SseEvent, void, undefined> {
  const parser = new SseParser(options.maxEventChars, options.onRetry);
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Cancel, not release: breaking out early must free the connection. A broken stream rejects here a second time.
    await reader.cancel().catch(() => undefined);
  }
}

/** The incremental parser behind {@link readSse}. */
export class SseParser {
  readonly #maxChars: number;
  readonly #onRetry: ((retryMs: number) => void) | undefined;
  #rest = '';
  #skipLf = false;
  #event = '';
  #data: string[] = [];
  #chars = 0;
  #id: string | undefined;

  constructor(maxEventChars = 64 * 1024 * 1024, onRetry?: (retryMs: number) => void) {
    this.#maxChars = maxEventChars;
    this.#onRetry = onRetry;
  }

  push(text: string): SseEvent[] {
    const events: SseEvent[] = [];
    let chunk = text;
    if (text !== '') {
      if (this.#skipLf && chunk.startsWith('\n')) chunk = chunk.slice(1);
      this.#skipLf = chunk.endsWith('\r');
    }
    if (!/[\r\n]/.test(chunk)) {
      // No line ends here: joining is cheap, scanning the whole line again for every chunk would not be.
      this.#rest += chunk;
      this.#bound(this.#rest.length + this.#chars);
      return events;
    }
    const lines = (this.#rest + chunk).split(/\r\n|\r|\n/);
    this.#rest = lines.pop() ?? '';
    this.#bound(this.#rest.length + this.#chars);
    for (const line of lines) this.#line(line, events);
    return events;
  }

  #bound(chars: number): void {
    if (chars > this.#maxChars) throw new SseEventTooLarge(`event over ${this.#maxChars} characters`);
  }

  #line(line: string, events: SseEvent[]): void {
    if (line === '') {
      if (this.#data.length > 0) {
        const event: SseEvent = { event: this.#event === '' ? 'message' : this.#event, data: this.#data.join('\n') };
        if (this.#id !== undefined) event.id = this.#id;
        events.push(event);
      }
      this.#event = '';
      this.#data = [];
      this.#chars = 0;
      this.#id = undefined;
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (field === 'data') {
      this.#chars += value.length;
      this.#bound(this.#chars);
      this.#data.push(value);
    } else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.#onRetry?.(Number(value));
  }
}
