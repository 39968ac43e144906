/** What of a session's timeline an SDK message is (spec/http-api.md §5.3). */
import type { SdkMessage } from './log-entry.ts';
import { contentBlocks } from './stream-events.ts';

/** An event of the timeline, without its id and place. */
export interface TimelineEvent {
  type: 'text' | 'reasoning' | 'tool_start' | 'tool_result' | 'turn_complete';
  data: Record<string, unknown>;
}

/**
 * The timeline events of one SDK message, in order; often none, several for a message of several blocks. A tool's result
 * names the call (`toolId`); the name of the tool is in its `tool_start`.
 */
export function classifyBridgeMessage(message: SdkMessage): TimelineEvent[] {
  if (message.type === 'result') {
    return [{ type: 'turn_complete', data: { numTurns: message.num_turns, result: message.result } }];
  }
  if (message.type === 'assistant') return contentBlocks(message).flatMap(ofAssistantBlock);
  if (message.type === 'user') return toolResults(message);
  return [];
}

function ofAssistantBlock(block: Record<string, unknown>): TimelineEvent[] {
  if (block.type === 'text') return [{ type: 'text', data: { text: block.text } }];
  if (block.type === 'thinking') return [{ type: 'reasoning', data: { thinking: block.thinking } }];
  if (block.type !== 'tool_use') return [];
  return [{ type: 'tool_start', data: { toolName: block.name, toolId: block.id, input: block.input } }];
}

function toolResults(message: SdkMessage): TimelineEvent[] {
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
