/** What a stored message holds (`content` of a Message, spec/http-api.md §5.2), as blocks to show. */

export type ParsedBlock =
  | { type: 'text'; text: string }
  | { type: 'tool_use'; id: string; name: string; input: unknown }
  | { type: 'tool_result'; tool_use_id: string; content: unknown; is_error?: boolean }
  | { type: 'thinking'; thinking: string }
  | { type: 'image'; source: unknown }
  /** Whatever has no block of its own. */
  | { type: 'raw'; rawType: string; raw: unknown };

/**
 * The blocks of a message's `content`. Never throws and drops nothing: what isn't JSON is text, what isn't known is `raw`.
 *
 * @param json the `content` of a message
 * @example parseMessageContent(message.content).flatMap((block) => (block.type === 'text' ? [block.text] : []))
 */
export function parseMessageContent(json: string): ParsedBlock[] {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return [{ type: 'text', text: json }];
  }
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (Array.isArray(value)) return value.map(blockOf);
  if (!isRecord(value)) return [raw(value)];
  if (value.type === 'result') {
    return [typeof value.result === 'string' ? { type: 'text', text: value.result } : raw(value)];
  }
  const content = isRecord(value.message) ? value.message.content : value.content;
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content.map(blockOf) : [raw(value)];
}

function blockOf(block: unknown): ParsedBlock {
  if (!isRecord(block)) return raw(block);
  switch (block.type) {
    case 'text':
      if (typeof block.text === 'string') return { type: 'text', text: block.text };
      break;
    case 'tool_use': {
      const { id, name, input } = block;
      if (typeof id === 'string' && typeof name === 'string') return { type: 'tool_use', id, name, input };
      break;
    }
    case 'tool_result': {
      const { tool_use_id, content, is_error } = block;
      if (typeof tool_use_id !== 'string') break;
      return { type: 'tool_result', tool_use_id, content, ...(typeof is_error === 'boolean' ? { is_error } : {}) };
    }
    case 'thinking':
      if (typeof block.thinking === 'string') return { type: 'thinking', thinking: block.thinking };
      break;
    case 'image':
      return { type: 'image', source: block.source };
    default:
  }
  return raw(block);
}

function raw(value: unknown): ParsedBlock {
  return {
    type: 'raw',
    rawType: isRecord(value) && typeof value.type === 'string' ? value.type : 'unknown',
    raw: value,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
