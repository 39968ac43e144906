/** Messages and timeline events: pure projections of log entries (spec/http-api.md §5.2, §5.3). */
import { classifyBridgeMessage, type LogEntryData, type SdkMessage } from '@ash-ai/shared';
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

/** Names of tools by the ids of their calls. */
export type Tools = Map<string, string>;

/**
 * The timeline events that an entry is, in order; often none, several for a message of several blocks.
 * @param tools those called in earlier entries of the turn; those called in this one are added
 */
export function toSessionEvents(entry: EntryItem, owner: Owner, tools: Tools): SessionEvent[] {
  const { seq, createdAt } = entry;
  return eventsOf(entry, tools).map(({ type, data }, part) => ({
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

function eventsOf(entry: EntryItem, tools: Tools): Projected[] {
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
      return ofMessage(JSON.parse(entry.data) as SdkMessage, tools);
    default:
      return [];
  }
}

function ofSession({ mcpServers, ...data }: LogEntryData['session']): Projected[] {
  const lifecycle: Projected = { type: 'lifecycle', data };
  if (mcpServers === undefined) return [lifecycle];
  return [lifecycle, { type: 'mcp_status', data: { action: 'configured', servers: mcpServers } }];
}

/** Notes the names of the tools that are called, and adds them to the results. */
function ofMessage(message: SdkMessage, tools: Tools): Projected[] {
  return classifyBridgeMessage(message).map(({ type, data }) => {
    if (type === 'tool_start') tools.set(String(data.toolId), String(data.toolName));
    return type === 'tool_result'
      ? { type, data: { toolName: tools.get(String(data.toolId)) ?? '', ...data } }
      : { type, data };
  });
}
