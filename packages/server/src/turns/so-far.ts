/** What the log holds of a turn: what its runtime said, which tools it called, how often it was recovered. */
import { contentBlocks, type LogEntryData, type SdkMessage } from '@ash-ai/shared';
import * as logStore from '../store/log.ts';
import type { Reader } from '../store/row.ts';

export interface ToolCallSoFar {
  name: string;
  input: unknown;
  /** What it answered, as far as that is text; absent while it runs, and when it was cut off. */
  ended?: { text: string; isError: boolean };
}

export interface SoFar {
  /** Messages, by uuid. */
  said: string[];
  /** Tool calls of the agent itself, by id; those of its subagents are its subagents' affair. */
  calls: Map<string, ToolCallSoFar>;
  recoveries: number;
  /** Whether the newest that is said of it is that it begins, or goes on: nothing has come of that. */
  begins: boolean;
}

const pageSize = 500;

export async function turnSoFar(db: Reader, { sessionId, turnId }: { sessionId: string; turnId: string }) {
  const soFar: SoFar = { said: [], calls: new Map(), recoveries: 0, begins: true };
  for (let after = 0; ; ) {
    const page = await logStore.readText(db, {
      ...{ sessionId, turnId, after, limit: pageSize },
      types: ['message', 'session'],
    });
    for (const { type, dataText } of page) {
      soFar.begins = type === 'session' && (JSON.parse(dataText) as LogEntryData['session']).action === 'recovered';
      if (soFar.begins) soFar.recoveries += 1;
      if (type === 'message') take(soFar, JSON.parse(dataText) as SdkMessage);
    }
    if (page.length < pageSize) return soFar;
    after = page.at(-1)?.seq ?? after;
  }
}

function take({ said, calls }: SoFar, message: SdkMessage): void {
  if (typeof message.uuid === 'string') said.push(message.uuid);
  if (typeof message.parent_tool_use_id === 'string') return;
  for (const { type, id, name, input, tool_use_id: of, content, is_error: isError } of contentBlocks(message)) {
    if (type === 'tool_use') calls.set(String(id), { name: String(name), input });
    const call = type === 'tool_result' ? calls.get(String(of)) : undefined;
    if (call !== undefined) call.ended = { text: textOf(content), isError: isError === true };
  }
}

/** The text of a result; of what is no text, its kind. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map(({ type, text }) => (typeof text === 'string' ? text : `[${String(type)}]`)).join('\n');
}
