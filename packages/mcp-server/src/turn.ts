/** One turn as a text: what the agent said and which tools it used, in order. */
import { type AshClient, extractDisplayItems } from '@ash-ai/sdk';
import type { ServerContext } from '@modelcontextprotocol/server';
import { FailedText } from './answer.ts';

/** The part of an MCP request that a turn needs. */
type Asked = Pick<ServerContext['mcpReq'], 'signal' | '_meta' | 'notify'>;

/**
 * Sends a message and collects the turn: texts, `[Tool: name]`, and the result unless it repeats the last text, joined by
 * newlines. A client that gave a progress token is told of every line, so that a long turn does not look like a dead one.
 * Cancelling the request stops waiting; the turn goes on.
 */
export async function runTurn(
  client: AshClient,
  sessionId: string,
  content: string,
  asked: Asked,
): Promise<string | FailedText> {
  const lines: string[] = [];
  const progressToken = asked._meta?.progressToken;
  for await (const event of client.sendMessageStream(sessionId, content, { signal: asked.signal })) {
    if (event.type === 'error') {
      // Other servers of this kind send several; the first says why.
      return new FailedText([...lines, `Error: ${event.data.error}`].join('\n'));
    }
    if (event.type !== 'message') continue;
    const added = linesOf(event.data, lines.at(-1));
    lines.push(...added);
    if (progressToken !== undefined && added.length > 0) {
      await asked.notify({
        method: 'notifications/progress',
        params: { progressToken, progress: lines.length, message: added.join('\n') },
      });
    }
  }
  return lines.join('\n');
}

function linesOf(message: Record<string, unknown>, last: string | undefined): string[] {
  if (message.type === 'result') {
    return typeof message.result === 'string' && message.result !== '' && message.result !== last
      ? [message.result]
      : [];
  }
  if (message.type !== 'assistant') return [];
  return (extractDisplayItems(message) ?? []).map(({ type, content }) =>
    type === 'tool_use' ? `[Tool: ${content}]` : content,
  );
}
