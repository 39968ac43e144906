// Sends a reply over HTTP, or breaks on the way as the fault says.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { apiError } from './api-error.ts';
import { encodeEvent, messageEvents, wholeMessage } from './events.ts';
import type { Reply } from './reply.ts';
import type { Fault } from './step.ts';

/** How one reply is sent. */
export interface Play {
  readonly reply: Reply;
  readonly fault: Fault | undefined;
  readonly stream: boolean;
  readonly waitMs: number;
  readonly delayMs: number;
  /** Aborts when the client has left or the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Plays one reply; returns when it is sent, cut, or the client has left.
 * @throws ApiError for a fault with a status, AbortError when the signal aborts
 */
export async function play(response: ServerResponse, options: Play): Promise<void> {
  const { reply, fault, signal } = options;
  if (options.waitMs > 0) await sleep(options.waitMs, undefined, { signal });
  if (fault !== undefined && 'status' in fault) {
    throw apiError(fault.status, fault.message ?? `Scripted status ${fault.status}.`, {
      ...(fault.retryAfterSec === undefined ? {} : { 'retry-after': String(fault.retryAfterSec) }),
      ...(fault.shouldRetry === undefined ? {} : { 'x-should-retry': String(fault.shouldRetry) }),
    });
  }
  const breakAfter = breakPoint(fault);
  if (breakAfter === 'headers') return breakOff(response, fault, signal);
  if (!options.stream) {
    // There are no deltas: any break point lies before the body.
    if (breakAfter !== undefined) return breakOff(response, fault, signal);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(wholeMessage(reply)));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  let deltas = 0;
  for (const event of messageEvents(reply)) {
    const isDelta = event.type === 'content_block_delta';
    const isEnd = event.type === 'message_delta';
    if (breakAfter !== undefined && ((isDelta && deltas >= breakAfter) || isEnd)) {
      return breakOff(response, fault, signal);
    }
    if (isDelta) {
      if (options.delayMs > 0) await sleep(options.delayMs, undefined, { signal });
      deltas += 1;
    }
    signal.throwIfAborted();
    if (!response.write(encodeEvent(event))) await once(response, 'drain', { signal });
  }
  response.end();
}

function breakPoint(fault: Fault | undefined): number | 'headers' | undefined {
  if (fault === undefined || 'status' in fault) return undefined;
  if ('cut' in fault) return fault.cut;
  return 'hang' in fault ? fault.hang : fault.error;
}

async function breakOff(response: ServerResponse, fault: Fault | undefined, signal: AbortSignal): Promise<void> {
  if (fault !== undefined && 'hang' in fault) {
    if (!signal.aborted) await once(signal, 'abort');
    return;
  }
  if (fault !== undefined && 'error' in fault) {
    const type = fault.type ?? 'overloaded_error';
    if (!response.headersSent) throw apiError(type === 'overloaded_error' ? 529 : 500, 'Scripted error.');
    response.end(encodeEvent({ type: 'error', error: { type, message: 'Scripted error.' } }));
    return;
  }
  // Not destroy(): the bytes written so far shall arrive before the connection breaks.
  if (response.headersSent) response.socket?.destroySoon();
  else response.destroy();
}
