// Turns a step into a message: content blocks, each with the deltas in which it is streamed.
import { randomUUID } from 'node:crypto';
import { apiError } from './api-error.ts';
import type { Conversation } from './conversation.ts';
import type { JsonObject } from './json.ts';
import { parts, slices, words } from './pieces.ts';
import type { StepFields } from './step.ts';

/** A content block: as it starts, its deltas, and as it is when whole. */
interface Block {
  readonly start: JsonObject;
  readonly deltas: readonly JsonObject[];
  readonly whole: JsonObject;
}

/** A message of the model. */
export interface Reply {
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly Block[];
  readonly stopReason: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

const maxTextLength = 8_000_000;
const inputPiece = 32;

/** Makes the message that a step describes. `{{cwd}}` and `{{result}}` in its strings are filled in. */
export function makeReply(step: StepFields, conversation: Conversation, model: string, bodyLength: number): Reply {
  const fill = (text: string) => fillIn(text, conversation);
  const blocks: Block[] = [];
  if (step.thinking !== undefined) blocks.push(thinkingBlock(fill(step.thinking), step));
  if (step.text !== undefined) blocks.push(textBlock(repeated(fill(step.text), step.repeat ?? 1), step));
  for (const call of step.tools ?? []) blocks.push(toolBlock(call.name, fillDeep(call.input ?? {}, conversation)));
  const stopReason = step.stop ?? ((step.tools ?? []).length > 0 ? 'tool_use' : 'end_turn');
  const outputLength = blocks.reduce((sum, block) => sum + JSON.stringify(block.whole).length, 0);
  return {
    id: newId('msg'),
    model,
    blocks,
    stopReason,
    inputTokens: estimateTokens(bodyLength),
    outputTokens: estimateTokens(outputLength),
  };
}

/** About four characters a token. */
export function estimateTokens(length: number): number {
  return Math.max(1, Math.ceil(length / 4));
}

function textBlock(text: string, step: StepFields): Block {
  return {
    start: { type: 'text', text: '' },
    deltas: pieces(text, step).map((piece) => ({ type: 'text_delta', text: piece })),
    whole: { type: 'text', text },
  };
}

function thinkingBlock(thinking: string, step: StepFields): Block {
  const signature = Buffer.from('scripted-model').toString('base64');
  const thoughts = pieces(thinking, step).map((piece) => ({ type: 'thinking_delta', thinking: piece }));
  return {
    start: { type: 'thinking', thinking: '', signature: '' },
    deltas: [...thoughts, { type: 'signature_delta', signature }],
    whole: { type: 'thinking', thinking, signature },
  };
}

function toolBlock(name: string, input: unknown): Block {
  const start = { type: 'tool_use', id: newId('toolu'), name };
  return {
    start: { ...start, input: {} },
    deltas: slices(JSON.stringify(input), inputPiece).map((piece) => ({
      type: 'input_json_delta',
      partial_json: piece,
    })),
    whole: { ...start, input },
  };
}

function pieces(text: string, step: StepFields): readonly string[] {
  if (step.deltas !== undefined) return parts(text, step.deltas);
  return step.chunk === undefined ? words(text) : slices(text, step.chunk);
}

function repeated(text: string, times: number): string {
  if (text.length * times > maxTextLength)
    throw apiError(400, `script: a text has at most ${maxTextLength} characters`);
  return text.repeat(times);
}

function fillIn(text: string, { workingDirectory, exchanges }: Conversation): string {
  // The script of a subagent keeps its own placeholders.
  if (text.includes('<script>')) return text;
  const result = exchanges.at(-1)?.result ?? '';
  return text.replace(/\{\{(cwd|result)\}\}/g, (_, name) => (name === 'cwd' ? (workingDirectory ?? '.') : result));
}

/** A value with the placeholders in its strings filled in. */
export function fillDeep(value: unknown, conversation: Conversation): unknown {
  if (typeof value === 'string') return fillIn(value, conversation);
  if (Array.isArray(value)) return value.map((item) => fillDeep(item, conversation));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fillDeep(item, conversation)]));
}

function newId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '')}`;
}
