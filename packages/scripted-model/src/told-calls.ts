// Reads notes on tool calls that a conversation has lost: JSON lines in a reminder. A call that is told with its result is
// not made again, as a model that reads the note would not.
import type { Conversation, ToolExchange } from './conversation.ts';
import { asObject, asString, type JsonObject } from './json.ts';
import { fillDeep } from './reply.ts';
import { findScript } from './script.ts';

const reminder = /<system-reminder>([\s\S]*?)<\/system-reminder>/g;

/** The calls with results in the reminders of a text. */
export function toldIn(text: string): ToolExchange[] {
  const found: ToolExchange[] = [];
  for (const [, inside = ''] of text.matchAll(reminder)) {
    for (const line of inside.split('\n')) {
      const call = line.startsWith('{"tool":') ? parsed(line) : undefined;
      const result = asString(call?.result) ?? asString(call?.resultBegins);
      if (call === undefined || result === undefined) continue;
      const { tool, input, outcome } = call;
      found.push({ name: String(tool), input: asObject(input) ?? {}, result, isError: outcome === 'failed' });
    }
  }
  return found;
}

/** The conversation with what it was told: results in place of what cut them off, and steps whose calls were all made. */
export function withTold(conversation: Conversation): Conversation {
  const exchanges = conversation.exchanges.map((exchange) => ({ ...exchange }));
  let left = conversation.told.filter((told) => {
    const cut = exchanges.find((exchange) => exchange.isError && same(exchange, told));
    if (cut !== undefined) Object.assign(cut, { result: told.result, isError: told.isError });
    return cut === undefined;
  });
  const steps = findScript(conversation.prompts.at(-1) ?? '') ?? [];
  // From where it was told: replies that came since are of the steps after those.
  let { toldAt: step } = conversation;
  for (let tools = steps[step]?.tools ?? []; tools.length > 0; tools = steps[step]?.tools ?? []) {
    const filled = tools.map(({ name, input = {} }) => ({
      name,
      input: fillDeep(input, { ...conversation, exchanges }),
    }));
    const made = filled.map((call) => left.find((told) => same(call, told))).filter((told) => told !== undefined);
    if (made.length < tools.length) break;
    exchanges.push(...made);
    left = left.filter((told) => !made.includes(told));
    step += 1;
  }
  return { ...conversation, exchanges, step: conversation.step + step - conversation.toldAt };
}

function same(call: { name: string; input: unknown }, told: ToolExchange): boolean {
  return call.name === told.name && JSON.stringify(call.input) === JSON.stringify(told.input);
}

function parsed(line: string): JsonObject | undefined {
  try {
    return asObject(JSON.parse(line));
  } catch {
    return undefined;
  }
}
