/** What a tool answers: one text. A failed call answers as well, so that the assistant can read why. */
import { AshApiError } from '@ash-ai/sdk';
import type { CallToolResult } from '@modelcontextprotocol/server';

/** A text that tells of a failure. */
export class FailedText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The result of a tool: text as it is, anything else as JSON. */
export async function answer(work: () => Promise<unknown>): Promise<CallToolResult> {
  const value = await work().catch((error: unknown) => new FailedText(sentence(error)));
  if (value instanceof FailedText) return { ...text(value.text), isError: true };
  return text(typeof value === 'string' ? value : JSON.stringify(value, null, 2));
}

function text(content: string): CallToolResult {
  return { content: [{ type: 'text', text: content }] };
}

function sentence(error: unknown): string {
  if (error instanceof AshApiError) {
    const code = error.code === undefined ? '' : ` (${error.code})`;
    return `Error: ${error.message}${code}${error.suggestion === undefined ? '' : `\n${error.suggestion}`}`;
  }
  // `fetch` says "fetch failed"; what failed is in its cause.
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `Error: ${error instanceof Error ? error.message : String(error)}${cause}`;
}
