/** Messages and timeline events: pure projections of log entries (spec/http-api.md §5.2, §5.3). */
import { contentBlocks, type LogEntryData, type SdkMessage } from '@ash-ai/shared';
import type { Message, SessionEvent } from '@ash-ai/shared/contract';
import { entryId } from './entry-id.ts';
import type { EntryItem } from './feed-item.ts';

interface Owner {
  tenantId: string;
  sessionId: string;
}

/** The message that an entry is; undefined when it isn't one: only what was said is, not tool results or status. */
export function toMessage(entry: EntryItem, owner: Owner): Message | undefined {
  const { seq, createdAt } = entry;
  const base = { id: entryId(owner.sessionId, seq), ...owner, sequence: seq, createdAt };
  if (entry.type === 'turn_accepted') {
    const { content } = JSON.parse(entry.data) as LogEntryData['turn_accepted'];
    return { ...base, role: 'user', content: JSON.stringify({ type: 'user', content }) };
  }
  if (entry.type !== 'message') return undefined;
  const { type } = JSON.parse(entry.data) as SdkMessage;
  if (type !== 'assistant' && type !== 'result') return undefined;
  return { ...base, role: 'assistant', content: entry.data };
}

/** The timeline events that an entry is, in order; often none, several for a message of several blocks. */
export function toSessionEvents(entry: EntryItem, owner: Owner): SessionEvent[] {
  const { seq, createdAt } = entry;
  return eventsOf(entry).map(({ type, data }, part) => ({
    id: entryId(owner.sessionId, seq, part + 1),
    ...owner,
    type,
    data: JSON.stringify(data),
    sequence: seq,
    createdAt,
  }));
}

interface Projected {
  type: SessionEvent['type'];
  data: Record<string, unknown>;
}

function eventsOf(entry: EntryItem): Projected[] {
  switch (entry.type) {
    case 'session':
      return ofSession(JSON.parse(entry.data) as LogEntryData['session']);
    case 'approval_requested':
      return [{ type: 'approval', data: { action: 'requested', ...(JSON.parse(entry.data) as object) } }];
    case 'approval_answered':
      return [{ type: 'approval', data: { action: 'answered', ...(JSON.parse(entry.data) as object) } }];
    case 'turn_accepted': {
      const { content } = JSON.parse(entry.data) as LogEntryData['turn_accepted'];
      return [{ type: 'message', data: { role: 'user', content } }];
    }
    case 'turn_ended': {
      const { failure, outcome } = JSON.parse(entry.data) as LogEntryData['turn_ended'];
      if (failure !== undefined) return [{ type: 'error', data: { error: failure.error, code: failure.code } }];
      return outcome === 'completed' ? [] : [{ type: 'error', data: { error: `The turn was ${outcome}` } }];
    }
    case 'message':
      return ofMessage(JSON.parse(entry.data) as SdkMessage);
    default:
      return [];
  }
}

function ofSession({ mcpServers, ...data }: LogEntryData['session']): Projected[] {
  const lifecycle: Projected = { type: 'lifecycle', data };
  if (mcpServers === undefined) return [lifecycle];
  return [lifecycle, { type: 'mcp_status', data: { action: 'configured', servers: mcpServers } }];
}

function ofMessage(message: SdkMessage): Projected[] {
  if (message.type === 'result') {
    return [{ type: 'turn_complete', data: { numTurns: message.num_turns, result: message.result } }];
  }
  if (message.type === 'assistant') return contentBlocks(message).flatMap(ofAssistantBlock);
  if (message.type === 'user') return toolResults(message);
  return [];
}

function ofAssistantBlock(block: Record<string, unknown>): Projected[] {
  if (block.type === 'text') return [{ type: 'text', data: { text: block.text } }];
  if (block.type === 'thinking') return [{ type: 'reasoning', data: { thinking: block.thinking } }];
  if (block.type !== 'tool_use') return [];
  return [{ type: 'tool_start', data: { toolName: block.name, toolId: block.id, input: block.input } }];
}

function toolResults(message: SdkMessage): Projected[] {
  const blocks = contentBlocks(message).filter((block) => block.type === 'tool_result');
  const structured = blocks.length === 1 ? message.tool_use_result : undefined;
  const output = typeof structured === 'object' && structured !== null ? (structured as Record<string, unknown>) : {};
  return blocks.map((block) => ({
    type: 'tool_result',
    data: {
      toolId: block.tool_use_id,
      stdout: typeof output.stdout === 'string' ? output.stdout : block.content,
      stderr: typeof output.stderr === 'string' ? output.stderr : '',
      ...(block.is_error === true ? { isError: true } : {}),
    },
  }));
}
