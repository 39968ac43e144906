/** What a `message` event says, in the words of a user interface. Every helper takes `event.data` and never throws. */
import { contentBlocks, type SdkMessage } from '@ash-ai/shared';

export type DisplayItemType = 'text' | 'tool_use' | 'tool_result';

/** One thing to show. */
export interface DisplayItem {
  type: DisplayItemType;
  /** The text; of a tool use, the tool's name. */
  content: string;
  /** Of a tool use. */
  toolName?: string;
  /** Of a tool use: `key: value` pairs, at most 200 characters. */
  toolInput?: string;
}

type Data = Record<string, unknown>;

const longestInput = 200;
const longestResult = 1000;

/** The text of a complete assistant message; `null` when it has none or is another message. */
export function extractTextFromEvent(data: Data): string | null {
  if (data?.type !== 'assistant') return null;
  const content = asRecord(data.message).content;
  const text = typeof content === 'string' ? content : blocksOf(data).map(textOf).join('');
  return text === '' ? null : text;
}

/** The text that a partial message adds; `null` for every other message. Needs `includePartialMessages`. */
export function extractStreamDelta(data: Data): string | null {
  if (data?.type !== 'stream_event') return null;
  const event = asRecord(data.event);
  const delta = asRecord(event.delta);
  if (event.type !== 'content_block_delta' || delta.type !== 'text_delta') return null;
  return typeof delta.text === 'string' ? delta.text : null;
}

/** What to show of a complete assistant message or a tool result; `null` when there is nothing to show. */
export function extractDisplayItems(data: Data): DisplayItem[] | null {
  const items = data?.type === 'assistant' ? assistantItems(data) : data?.type === 'user' ? resultItems(data) : [];
  return items.length === 0 ? null : items;
}

function assistantItems(data: Data): DisplayItem[] {
  const content = asRecord(data.message).content;
  if (typeof content === 'string') return content === '' ? [] : [{ type: 'text', content }];
  return blocksOf(data).flatMap((block): DisplayItem[] => {
    if (block.type === 'text' && typeof block.text === 'string') return [{ type: 'text', content: block.text }];
    if (block.type !== 'tool_use') return [];
    const name = String(block.name);
    return [{ type: 'tool_use', content: name, toolName: name, toolInput: inputText(block.input) }];
  });
}

/** Tools that give their output in parts (`stdout`, `stderr`) are shown by those, others by their result blocks. */
function resultItems(data: Data): DisplayItem[] {
  const output = asRecord(data.tool_use_result);
  const parts =
    typeof output.stdout === 'string' || typeof output.stderr === 'string'
      ? [output.stdout, output.stderr]
      : blocksOf(data).flatMap((block) => (block.type === 'tool_result' ? [resultText(block.content)] : []));
  const content = parts.filter((part) => typeof part === 'string' && part !== '').join('\n');
  return content.trim() === '' ? [] : [{ type: 'tool_result', content: cut(content, longestResult, '\n...') }];
}

function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  return Array.isArray(content) ? content.map((block) => textOf(asRecord(block))).join('') : '';
}

function inputText(input: unknown): string {
  const pairs = Object.entries(asRecord(input)).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return cut(pairs.join(', '), longestInput, '...');
}

function textOf(block: Data): string {
  return block.type === 'text' && typeof block.text === 'string' ? block.text : '';
}

function blocksOf(data: Data): Data[] {
  return contentBlocks(data as SdkMessage);
}

function cut(text: string, longest: number, ending: string): string {
  return text.length > longest ? text.slice(0, longest) + ending : text;
}

function asRecord(value: unknown): Data {
  return typeof value === 'object' && value !== null ? (value as Data) : {};
}
