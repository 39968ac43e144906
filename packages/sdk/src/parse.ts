/** From the bytes of a stream to its events. */
import { type AshStreamEvent, readSse, type SseEvent } from '@ash-ai/shared';

/** An event as it came, with its resume point if it has one. `event` is undefined when its data isn't JSON. */
export interface Frame {
  event: AshStreamEvent | undefined;
  id: string | undefined;
}

/** Reads a body as frames. `onRetry` is told the delay that the server wants before a reconnect, in ms. */
export async function* readFrames(
  stream: ReadableStream<Uint8Array>,
  onRetry?: (retryMs: number) => void,
): AsyncGenerator<Frame, void, undefined> {
  for await (const sse of readSse(stream, onRetry === undefined ? {} : { onRetry })) {
    yield { event: toEvent(sse), id: sse.id };
  }
}

/**
 * Reads the events of a raw response body, whatever way it is cut into chunks. Ends with the body; what isn't JSON is
 * skipped; breaking out of the loop cancels the body.
 *
 * @example
 * const response = await client.sendMessage(session.id, 'Hello!');
 * if (response.body) for await (const event of parseSSEStream(response.body)) console.log(event.type);
 */
export async function* parseSSEStream(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<AshStreamEvent, void, undefined> {
  for await (const { event } of readFrames(stream)) if (event !== undefined) yield event;
}

/** Types that this version doesn't know flow through: the caller may know them. */
function toEvent(sse: SseEvent): AshStreamEvent | undefined {
  try {
    return { type: sse.event, data: JSON.parse(sse.data) } as AshStreamEvent;
  } catch {
    return undefined;
  }
}
