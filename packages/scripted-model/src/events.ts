// Writes a reply as the Messages API does: as one JSON message, or as a sequence of server-sent events.
import type { JsonObject } from './json.ts';
import type { Reply } from './reply.ts';

/** An event of the stream; its `type` is also the name of the event. */
export interface StreamEvent extends JsonObject {
  readonly type: string;
}

/** The whole message, as answered when `stream` is not set. */
export function wholeMessage(reply: Reply): JsonObject {
  const content = reply.blocks.map((block) => block.whole);
  return message(reply, content, reply.stopReason, reply.outputTokens);
}

/** The events of the message, in order. */
export function* messageEvents(reply: Reply): Generator<StreamEvent> {
  yield { type: 'message_start', message: message(reply, [], null, 1) };
  yield { type: 'ping' };
  for (const [index, block] of reply.blocks.entries()) {
    yield { type: 'content_block_start', index, content_block: block.start };
    for (const delta of block.deltas) yield { type: 'content_block_delta', index, delta };
    yield { type: 'content_block_stop', index };
  }
  yield {
    type: 'message_delta',
    delta: { stop_reason: reply.stopReason, stop_sequence: null },
    usage: { output_tokens: reply.outputTokens },
  };
  yield { type: 'message_stop' };
}

/** The bytes of one event. */
export function encodeEvent(event: StreamEvent): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

function message(
  reply: Reply,
  content: readonly JsonObject[],
  stopReason: string | null,
  outputTokens: number,
): JsonObject {
  return {
    id: reply.id,
    type: 'message',
    role: 'assistant',
    model: reply.model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
    usage: {
      input_tokens: reply.inputTokens,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
      output_tokens: outputTokens,
    },
  };
}
