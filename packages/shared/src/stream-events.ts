/** The events of a stream (spec/streaming.md §2–3): which ones an SDK message becomes, and their shapes. */
import type { ApprovalAnswer, ApprovalRequest, SdkMessage } from './log-entry.ts';

/**
 * An event of a session's stream. Unknown types flow through. `recovered`: made by the client library, of a complete
 * message, in place of deltas that it missed.
 */
export type AshStreamEvent =
  | { type: 'session_start'; data: { sessionId: string; version: string; turnId?: string } }
  | { type: 'message'; data: Record<string, unknown> }
  | { type: 'text_delta'; data: { delta: string; recovered?: true } }
  | { type: 'thinking_delta'; data: { delta: string; recovered?: true } }
  | { type: 'tool_use'; data: { id: string; name: string; input: unknown } }
  | { type: 'tool_result'; data: { tool_use_id: string; content: unknown; is_error?: boolean } }
  | { type: 'turn_complete'; data: { numTurns?: number; result?: string } }
  | { type: 'approval'; data: ApprovalRequest & { turnId: string | null } }
  | { type: 'approval_answered'; data: ApprovalAnswer & { approvalId: string; turnId: string | null } }
  | { type: 'error'; data: { error: string; code?: string } }
  | { type: 'done'; data: { sessionId: string; turnId?: string; status?: string } }
  | { type: 'session_end'; data: { sessionId: string } };

/** A granular event: what comes before the `message` event of the same SDK message. */
export interface GranularEvent {
  type: string;
  data: Record<string, unknown>;
}

type Block = Record<string, unknown>;

/**
 * Names that mean something else in a stream. A block or delta of such a type, made up by whoever has the model's ear,
 * must not pass for one of them.
 */
const reserved: ReadonlySet<string> = new Set([
  ...['message', 'error', 'done', 'session_start', 'session_end', 'session', 'turn_accepted', 'turn_started'],
  ...['text_delta', 'thinking_delta', 'tool_use', 'tool_result', 'turn_complete', 'approval', 'approval_answered'],
]);
const eventName = /^[A-Za-z0-9_.-]{1,100}$/;

/** The granular events of one SDK message, in order (spec/streaming.md §3.1). Never throws, whatever the message holds. */
export function classifyToStreamEvents(message: SdkMessage): GranularEvent[] {
  switch (message.type) {
    case 'stream_event':
      return fromStreamEvent(message);
    case 'assistant':
      return contentBlocks(message).flatMap(fromAssistantBlock);
    case 'user':
      return toolResults(message);
    case 'result':
      return [{ type: 'turn_complete', data: defined({ numTurns: message.num_turns, result: message.result }) }];
    default:
      return [];
  }
}

/** The content blocks of an `assistant` or `user` message; empty when its content is text or missing. */
export function contentBlocks(message: SdkMessage): Block[] {
  const content = asObject(message.message)?.content;
  return Array.isArray(content) ? content.filter((block): block is Block => asObject(block) !== undefined) : [];
}

function fromStreamEvent(message: SdkMessage): GranularEvent[] {
  const event = asObject(message.event);
  const delta = event?.type === 'content_block_delta' ? asObject(event.delta) : undefined;
  if (delta === undefined || typeof delta.type !== 'string') return [];
  if (delta.type === 'text_delta') return [{ type: 'text_delta', data: { delta: delta.text } }];
  if (delta.type === 'thinking_delta') return [{ type: 'thinking_delta', data: { delta: delta.thinking } }];
  return passedThrough(delta.type, delta);
}

function fromAssistantBlock(block: Block): GranularEvent[] {
  if (typeof block.type !== 'string' || block.type === 'text') return [];
  if (block.type === 'tool_use') {
    return [{ type: 'tool_use', data: { id: block.id, name: block.name, input: block.input } }];
  }
  if (block.type === 'thinking') return [{ type: 'thinking_delta', data: { delta: block.thinking } }];
  return passedThrough(block.type, block);
}

function passedThrough(type: string, data: Record<string, unknown>): GranularEvent[] {
  return eventName.test(type) && !reserved.has(type) ? [{ type, data }] : [];
}

/** One event per `tool_result` block; its content is the structured output's `stdout` when there is just one of each. */
function toolResults(message: SdkMessage): GranularEvent[] {
  const blocks = contentBlocks(message).filter((block) => block.type === 'tool_result');
  const stdout = blocks.length === 1 ? asObject(message.tool_use_result)?.stdout : undefined;
  return blocks.map((block) => ({
    type: 'tool_result',
    data: defined({
      tool_use_id: block.tool_use_id,
      content: typeof stdout === 'string' ? stdout : block.content,
      is_error: block.is_error,
    }),
  }));
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : undefined;
}

function defined(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}
