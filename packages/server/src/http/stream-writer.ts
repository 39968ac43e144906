/**
 * Writes one event stream to one client: joins what comes at once into one write, waits when the client does not read, and
 * gives it up when it doesn't for too long (spec/streaming.md §5).
 */
import type { ServerResponse } from 'node:http';

/** More than this is not joined any further. */
const JOIN_BYTES = 64 * 1024;

export class StreamWriter {
  /** Aborted when the client is gone or the stream has ended. */
  readonly signal: AbortSignal;
  readonly #raw: ServerResponse;
  readonly #drainTimeoutMs: number;
  readonly #closed: Promise<void>;
  #pending: Uint8Array[] = [];
  #pendingBytes = 0;
  #scheduled = false;
  #opened = false;
  #ended = false;
  /** Present while the client's buffer is full; resolves when it drained or the connection is gone. */
  #room: Promise<void> | undefined;

  constructor(raw: ServerResponse, drainTimeoutMs: number) {
    this.#raw = raw;
    this.#drainTimeoutMs = drainTimeoutMs;
    const gone = new AbortController();
    this.signal = gone.signal;
    this.#closed = new Promise((resolve) => {
      raw.once('close', () => {
        gone.abort();
        resolve();
      });
    });
  }

  /** Whether the head of the reply has been written. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Whether nothing more can be written. */
  get ended(): boolean {
    return this.#ended || this.signal.aborted;
  }

  /** Sends the head of the reply together with `text`. */
  open(headers: Record<string, string>, text: string): void {
    this.#opened = true;
    this.#raw.writeHead(200, headers);
    if (text === '') this.#raw.flushHeaders();
    else void this.push(text);
  }

  /** Takes whole frames. Answers a promise when the caller has to wait before it gives more. */
  push(frames: Uint8Array | string): Promise<void> | undefined {
    if (this.ended || frames.length === 0) return undefined;
    const bytes = typeof frames === 'string' ? Buffer.from(frames) : frames;
    this.#pending.push(bytes);
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= JOIN_BYTES) {
      this.#flush();
    } else if (!this.#scheduled) {
      // Runs when no promise job is left: after everything that is there now, before anything that is still to come.
      this.#scheduled = true;
      process.nextTick(() => {
        this.#scheduled = false;
        this.#flush();
      });
    }
    return this.#room;
  }

  /** Writes a comment, unless the client has not even read what it was given before. */
  comment(text: string): void {
    if (this.#opened && this.#room === undefined) void this.push(text);
  }

  /** Ends the stream with `text`. Resolves when the client has been given all, or after `withinMs` is cut off. */
  async finish(text: string, withinMs: number): Promise<void> {
    if (!this.ended) {
      this.#ended = true;
      this.#raw.end(Buffer.concat([...this.#taken(), Buffer.from(text)]));
      const timer = setTimeout(() => this.#raw.destroy(), withinMs);
      this.signal.addEventListener('abort', () => clearTimeout(timer), { once: true });
    }
    await this.#closed;
  }

  #flush(): void {
    if (this.#pendingBytes === 0 || this.#room !== undefined || this.ended) return;
    const [first, ...more] = this.#taken();
    // What is alone is not copied: it may be shared by many readers.
    const bytes = first === undefined || more.length > 0 ? Buffer.concat([first ?? Buffer.of(), ...more]) : first;
    if (!this.#raw.write(bytes)) this.#room = this.#drained();
  }

  #taken(): Uint8Array[] {
    const taken = this.#pending;
    this.#pending = [];
    this.#pendingBytes = 0;
    return taken;
  }

  #drained(): Promise<void> {
    const raw = this.#raw;
    return new Promise((resolve) => {
      const timer = setTimeout(() => raw.destroy(), this.#drainTimeoutMs);
      const settle = (): void => {
        clearTimeout(timer);
        raw.off('drain', settle);
        raw.off('close', settle);
        this.#room = undefined;
        this.#flush();
        resolve();
      };
      raw.once('drain', settle);
      raw.once('close', settle);
    });
  }
}
