/** What an event or a message says, in few words. Whatever others put into them, nothing here throws. */

type Fields = Record<string, unknown>;

/** The text of a message, as the user sent it or the agent answered; its tool calls by name. */
export function messageText(content: string): string {
  const value = fieldsOf(parse(content));
  if (value.type === 'result') return resultText(value);
  const said = fieldsOf(value.message).content ?? value.content ?? value.result;
  if (typeof said === 'string') return said;
  return Array.isArray(said) ? blocksText(said) : content;
}

/** The end of a turn: the text was said by the message before. */
function resultText({ subtype, num_turns: rounds, total_cost_usd: cost, errors }: Fields): string {
  const told = [
    subtype === 'success' ? 'completed' : [subtype, brief(errors)].filter(Boolean).join(': '),
    typeof rounds === 'number' ? `${rounds} round${rounds === 1 ? '' : 's'}` : '',
    typeof cost === 'number' ? `$${cost.toFixed(4)}` : '',
  ];
  return `(turn ${told.filter(Boolean).join(', ')})`;
}

/** What a timeline event says. */
export function eventSummary(type: string, data: string | null): string {
  if (data === null) return '';
  const value = fieldsOf(parse(data));
  switch (type) {
    case 'lifecycle':
    case 'mcp_status':
      return rest(value, 'action');
    case 'message':
      return `${value.role}: ${brief(value.content)}`;
    case 'text':
      return brief(value.text);
    case 'reasoning':
      return brief(value.thinking);
    case 'tool_start':
      return `${value.toolName} ${brief(value.input)}`;
    case 'tool_result':
      return `${value.isError === true ? 'error: ' : ''}${[value.stdout, value.stderr].map(brief).filter(Boolean).join(' ')}`;
    case 'turn_complete':
      return brief(value.result);
    case 'approval':
      return `${value.action} ${brief(value.toolName ?? value.decision)}`;
    case 'error':
      return brief(value.error);
    default:
      return data;
  }
}

/** A tool's input or output. */
export function brief(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return blocksText(value);
  if (typeof value !== 'object' || value === null) return value === undefined ? '' : String(value);
  const entries = Object.entries(value).filter(([, part]) => part !== undefined && part !== null);
  if (entries.length === 1) return brief(entries[0]?.[1]);
  return entries.map(([name, part]) => `${name}: ${typeof part === 'string' ? part : JSON.stringify(part)}`).join(', ');
}

function blocksText(blocks: readonly unknown[]): string {
  return blocks
    .map((block) => blockText(block))
    .filter(Boolean)
    .join('\n');
}

function blockText(given: unknown): string {
  if (typeof given === 'string') return given;
  const block = fieldsOf(given);
  if (block.type === 'text') return brief(block.text);
  if (block.type === 'tool_use') return `[${block.name}] ${brief(block.input)}`;
  if (block.type === 'tool_result') return `[result] ${brief(block.content)}`;
  return `[${brief(block.type)}]`;
}

/** One field first, the others after it in brackets. */
function rest(value: Fields, first: string): string {
  const { [first]: head, ...others } = value;
  const tail = brief(others);
  return tail === '' ? brief(head) : `${brief(head)} (${tail})`;
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
