/** How far a reader has come in a stream, so that what the caller gets is whole and without double. Pure. */
import type { AshStreamEvent } from '@ash-ai/shared';
import { DeliveredText } from './delivered-text.ts';
import type { Frame } from './parse.ts';

/**
 * ```
 *   frame without id ──► held ─┐
 *   frame with id ─────────────┴──► delivered together, cursor = id        cut ──► what is held is dropped
 * ```
 * The server sends the granular events of an SDK message without ids, before the message itself. Delivering them only
 * with their message means that a reconnect from the cursor repeats all of them or none.
 */
export class StreamPosition {
  #held: AshStreamEvent[] = [];
  #started: string | undefined;
  #begun = false;
  #resumable: boolean;
  readonly #untilDone: boolean;
  readonly #text: DeliveredText | undefined;
  cursor: string | undefined;
  turnId: string | undefined;
  /** Whether the last event of the turn was delivered. */
  finished = false;

  /** `untilDone`: one turn, that ends with `done`. Otherwise endless. `partial`: text comes as deltas, and has to be whole. */
  constructor(from: {
    after?: string | undefined;
    turnId?: string | undefined;
    untilDone: boolean;
    sent: boolean;
    partial?: boolean | undefined;
  }) {
    if (from.partial) this.#text = new DeliveredText((from.after ?? '0') !== '0');
    this.cursor = from.after;
    this.turnId = from.turnId;
    this.#untilDone = from.untilDone;
    this.#resumable = !from.sent;
  }

  /** Whether anything came. Before that, a message is sent again; after it, its turn is followed. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Whether the server tells turns and cursors. One that doesn't can't be reconnected to. */
  get resumable(): boolean {
    return this.#resumable;
  }

  /** The events to deliver now that `frame` came. */
  take({ event, id }: Frame): AshStreamEvent[] {
    // A `done` without id is the server's way to end a stream that it can't go on with.
    const ended = event?.type === 'done' && (this.#untilDone || id === undefined);
    const ready = event === undefined || this.#isRepeatedStart(event) ? [] : [event];
    if (id === undefined && !ended && event?.type !== 'session_start' && this.#resumable) {
      this.#held.push(...ready);
      return [];
    }
    this.#begun = true;
    if (id !== undefined) this.cursor = id;
    const delivered = [...this.#held, ...ready];
    this.#held = [];
    this.finished = ended;
    return this.#resumable && this.#text !== undefined ? this.#text.take(delivered) : delivered;
  }

  /** The connection is gone: what was held comes again with the next one. */
  cut(): void {
    this.#held = [];
    this.#text?.cut();
  }

  /** Every connection begins with `session_start`; the caller sees the first of each turn. */
  #isRepeatedStart(event: AshStreamEvent): boolean {
    if (event.type !== 'session_start') return false;
    const turnId = event.data.turnId;
    const repeated = this.#started !== undefined && (this.#untilDone || this.#started === (turnId ?? ''));
    this.#started = turnId ?? '';
    if (turnId !== undefined && this.#untilDone) {
      this.turnId = turnId;
      this.#resumable = true;
    }
    return repeated;
  }
}
