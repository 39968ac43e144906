/** A stream that outlives its connections: it reconnects from its cursor until the turn is done. */
import { type AshStreamEvent, SseEventTooLarge } from '@ash-ai/shared';
import { AshApiError, isPassing } from './errors.ts';
import { type Frame, readFrames } from './parse.ts';
import type { StreamPosition } from './position.ts';
import { delayBefore, wait } from './retry.ts';

/** A server's `retry:` hint counts up to this. */
const longestRetryMs = 30_000;

/** Thrown when connections keep ending before the turn is done. The turn itself goes on at the server. */
export class AshStreamCut extends Error {
  override readonly name = 'AshStreamCut';
}

/** What a followed stream needs. */
export interface Following {
  position: StreamPosition;
  /** Opens a connection at the position. */
  connect: () => Promise<Response>;
  /** Reconnects in a row without any progress before the last error is thrown. */
  maxReconnects: number;
  /** The same before the stream began. */
  maxRetries: number;
  signal: AbortSignal | undefined;
}

/**
 * Delivers every event of a stream once, over as many connections as it takes.
 *
 * @throws AshApiError when the server refuses (a code that waiting won't change), the last failure when reconnecting
 * doesn't help, the signal's reason when it is aborted
 */
export async function* follow(following: Following): AsyncGenerator<AshStreamEvent, void, undefined> {
  const { position, connect, signal } = following;
  let retryMs = 0;
  let failures = 0;
  for (;;) {
    let lost: unknown = new AshStreamCut('The stream ended before the turn was done');
    const frames = await connect().then((response) => open(response, (ms) => (retryMs = ms)), asFailure);
    if (frames instanceof Failure) lost = frames.reason;
    else {
      try {
        for (;;) {
          const next = await frames.next().catch(asFailure);
          if (next instanceof Failure) {
            lost = next.reason;
            break;
          }
          if (next.done) {
            // A server that tells no turn ends its stream by ending the body.
            if (position.begun && !position.resumable) return;
            break;
          }
          const before = position.cursor;
          yield* position.take(next.value);
          if (position.finished) return;
          if (position.cursor !== before) failures = 0;
        }
      } finally {
        await frames.return();
      }
    }
    signal?.throwIfAborted();
    position.cut();
    const askedMs = lost instanceof AshApiError ? lost.retryAfterMs : undefined;
    const limit = position.begun ? following.maxReconnects : following.maxRetries;
    const delayMs = failures < limit && mayReconnect(lost) ? delayBefore(++failures, askedMs ?? 0) : undefined;
    if (delayMs === undefined || (position.begun && !position.resumable)) throw lost;
    // The server's hint is a floor for the first reconnect too; jitter keeps a crowd of readers apart.
    await wait(Math.max(delayMs, Math.min(retryMs, longestRetryMs)), signal);
  }
}

class Failure {
  readonly reason: unknown;
  constructor(reason: unknown) {
    this.reason = reason;
  }
}

function asFailure(reason: unknown): Failure {
  return new Failure(reason);
}

function open(response: Response, onRetry: (ms: number) => void): AsyncGenerator<Frame, void, undefined> {
  if (response.body === null) throw new TypeError('The response has no body to stream');
  return readFrames(response.body, onRetry);
}

/** Whatever breaks a connection may pass, except an answer that says otherwise and an event that never fits. */
function mayReconnect(lost: unknown): boolean {
  return lost instanceof AshApiError ? isPassing(lost) : !(lost instanceof SseEventTooLarge);
}
