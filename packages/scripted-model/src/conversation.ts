// Reads a Messages API request: what the user said, how far the turn is, what the tools answered.
import { apiError } from './api-error.ts';
import { asObject, asString, type JsonObject, objectsOf } from './json.ts';
import { spokenText } from './spoken-text.ts';
import { toldIn } from './told-calls.ts';

/** A tool call of the current turn and its result. */
export interface ToolExchange {
  readonly name: string;
  readonly input: JsonObject;
  readonly result: string;
  readonly isError: boolean;
}

/** A request as the model understands it. */
export interface Conversation {
  /** What the user really said, oldest first; the last one is the prompt of the current turn. */
  readonly prompts: readonly string[];
  /** How many replies the current turn has had. */
  readonly step: number;
  readonly exchanges: readonly ToolExchange[];
  /** Calls of the current turn that the runtime lost, and was told again. */
  readonly told: readonly ToolExchange[];
  /** The step at which it was told the first of them. */
  readonly toldAt: number;
  readonly workingDirectory: string | undefined;
  /** The input schema of each offered tool. */
  readonly tools: ReadonlyMap<string, JsonObject>;
  /** The schema a reply of text must match, when the request sets one. */
  readonly format: JsonObject | undefined;
}

/**
 * Reads the body of a request.
 * @throws ApiError 400 when it is no conversation
 */
export function readConversation(body: JsonObject): Conversation {
  if (!Array.isArray(body.messages) || body.messages.length === 0)
    throw apiError(400, 'messages: an array is required');
  const prompts: string[] = [];
  const calls = new Map<string, JsonObject>();
  let exchanges: ToolExchange[] = [];
  let told: ToolExchange[] = [];
  let toldAt = 0;
  let step = 0;
  let lastRole = '';
  let workingDirectory = findWorkingDirectory(blocksOf(body.system));
  for (const value of body.messages) {
    const message = asObject(value);
    const role = message?.role;
    if (message === undefined || !(role === 'user' || role === 'assistant' || role === 'system')) {
      throw apiError(400, 'messages: role must be user, assistant or system');
    }
    const blocks = blocksOf(message.content);
    if (role !== 'assistant') {
      const runtimeBlocks = role === 'system' ? blocks : blocks.filter(isRuntimeText);
      workingDirectory = findWorkingDirectory(runtimeBlocks) ?? workingDirectory;
    }
    if (role === 'assistant' && !isMend(blocks)) {
      // One reply may come back as several assistant messages in a row.
      if (lastRole !== 'assistant') step += 1;
      for (const block of blocks) if (block.type === 'tool_use') calls.set(String(block.id), block);
      lastRole = role;
    }
    if (role === 'user') {
      lastRole = role;
      for (const block of blocks) {
        if (block.type === 'tool_result') exchanges.push(readExchange(block, calls));
        const text = block.type === 'text' ? (asString(block.text) ?? '') : '';
        const spoken = spokenText(text);
        if (spoken !== '') {
          prompts.push(spoken);
          exchanges = [];
          told = [];
          step = 0;
        }
        if (told.length === 0) toldAt = step;
        told.push(...toldIn(text));
      }
    }
  }
  const tools = new Map(objectsOf(body.tools).map((tool) => [String(tool.name), asObject(tool.input_schema) ?? {}]));
  const format = asObject(asObject(asObject(body.output_config)?.format)?.schema);
  return { prompts, step, exchanges, told, toldAt, workingDirectory, tools, format };
}

function blocksOf(content: unknown): readonly JsonObject[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content);
}

/** The runtime closes an interrupted turn with this reply, which the model never gave. */
function isMend(blocks: readonly JsonObject[]): boolean {
  return blocks.length === 1 && blocks[0]?.text === 'No response requested.';
}

function readExchange(block: JsonObject, calls: ReadonlyMap<string, JsonObject>): ToolExchange {
  const call = calls.get(String(block.tool_use_id));
  const texts = blocksOf(block.content).map((part) => asString(part.text) ?? '');
  return {
    name: asString(call?.name) ?? '',
    input: asObject(call?.input) ?? {},
    result: texts.join('\n').trim(),
    isError: block.is_error === true,
  };
}

/** The runtime names the directory it works in: in the system prompt, or in a message of its own. */
function findWorkingDirectory(blocks: readonly JsonObject[]): string | undefined {
  const text = blocks.map((block) => asString(block.text) ?? '').join('\n');
  return /working directory:[ \t]*(\/[^\n]*)/i.exec(text)?.[1]?.trim();
}

function isRuntimeText(block: JsonObject): boolean {
  return spokenText(asString(block.text) ?? '') === '';
}
