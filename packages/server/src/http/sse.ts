/** All open event streams of the server: admitted up to a bound, kept alive by one timer, ended together at shutdown. */
import type { ServerResponse } from 'node:http';
import { type AshError, errors, formatSse, formatSseComment } from '@ash-ai/shared';
import { framesOfBatch } from './projection.ts';
import type { StreamSource } from './stream-source.ts';
import { StreamWriter } from './stream-writer.ts';

export interface StreamsOptions {
  heartbeatMs: number;
  drainTimeoutMs: number;
  maxStreams: number;
}

/** What one request brings to its stream. */
export interface StreamRequest {
  /** Headers beside those that make it a stream. */
  headers: Record<string, string>;
  /** Finds what to stream. What it throws is the request's error: nothing has been written yet. */
  source: (signal: AbortSignal) => Promise<StreamSource>;
  /** Called when the reply is a stream from now on. */
  hijack: () => void;
  /** Whether only the head is asked for. */
  headOnly: boolean;
  /** Turns a failure within the stream into a coded one, and logs it. */
  failed: (error: unknown) => AshError;
}

const streamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
};

const heartbeat = formatSseComment('keep-alive');
/** Asks the client to come back at once, with the last id it saw. */
const comeBack = `retry: 200\n${formatSseComment('this stream goes on at its last id')}`;
/** How often a session that waits for a sandbox is told its place, at least. */
const POSITION_MS = 1000;
/** How long a client may take to read the end of its stream at shutdown. */
const SHUTDOWN_MS = 900;

export class Streams implements AsyncDisposable {
  readonly #options: StreamsOptions;
  readonly #open = new Map<StreamWriter, StreamSource['position']>();
  readonly #line: NodeJS.Timeout;
  readonly #timer: NodeJS.Timeout;
  #closing = false;

  constructor(options: StreamsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      for (const writer of this.#open.keys()) writer.comment(heartbeat);
    }, options.heartbeatMs).unref();
    this.#line = setInterval(() => this.#tellPositions(), Math.min(options.heartbeatMs, POSITION_MS)).unref();
  }

  /** How many streams there are. */
  get open(): number {
    return this.#open.size;
  }

  /** Streams to `raw` until the source ends, the client leaves or the server shuts down. */
  async answer(raw: ServerResponse, request: StreamRequest): Promise<void> {
    if (this.#closing) throw errors.shutting_down();
    if (this.#open.size >= this.#options.maxStreams)
      throw errors.stream_limit_reached({ limit: this.#options.maxStreams });
    const writer = new StreamWriter(raw, this.#options.drainTimeoutMs);
    this.#open.set(writer, undefined);
    try {
      const source = await request.source(writer.signal);
      request.hijack();
      if (writer.ended) return;
      this.#open.set(writer, source.position);
      writer.open({ ...request.headers, ...streamHeaders }, request.headOnly ? '' : source.opening);
      const last = request.headOnly ? '' : await this.#pump(writer, source, request.failed);
      await writer.finish(last, this.#options.drainTimeoutMs);
    } finally {
      this.#open.delete(writer);
    }
  }

  /** Tells readers of sessions that wait for a sandbox where these are in the line. */
  #tellPositions(): void {
    for (const [writer, position] of this.#open) {
      const at = position?.();
      if (at !== undefined) writer.comment(formatSseComment(`waiting for a sandbox, place ${at} in the line`));
    }
  }

  /** Writes the source's items. Answers what is to be written last. */
  async #pump(writer: StreamWriter, source: StreamSource, failed: StreamRequest['failed']): Promise<string> {
    const { view, items } = source;
    try {
      if (this.#closing) return comeBack;
      for await (const batch of items) {
        const wait = writer.push(framesOfBatch(batch, view));
        const { item } = batch.items.at(-1) ?? {};
        if (view.turnId !== undefined && item?.kind === 'entry' && item.type === 'turn_ended') return '';
        if (wait !== undefined) await wait;
        if (writer.ended) return '';
      }
      // The log ended the stream without ending the turn: the reader has its cursor and may come back.
      return comeBack;
    } catch (error) {
      const { code, message, retryable } = failed(error);
      if (retryable && code !== 'internal') return comeBack;
      const { sessionId, turnId } = view;
      return (
        formatSse('error', JSON.stringify({ error: message, code })) +
        formatSse('done', JSON.stringify({ sessionId, turnId }))
      );
    }
  }

  /** Ends every stream with a hint to come back, within a second. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing = true;
    clearInterval(this.#timer);
    clearInterval(this.#line);
    await Promise.all([...this.#open.keys()].map((writer) => writer.opened && writer.finish(comeBack, SHUTDOWN_MS)));
  }
}
