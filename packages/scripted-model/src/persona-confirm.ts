// What the persona says after its tools have answered.
import { basename } from 'node:path';
import type { Conversation, ToolExchange } from './conversation.ts';
import { asString } from './json.ts';
import { bashWriteStep } from './persona-tools.ts';
import type { StepFields } from './step.ts';

/** One sentence about the last tool result, or a second way when `Write` has refused. */
export function afterTools(conversation: Conversation): StepFields {
  const last = conversation.exchanges.at(-1);
  if (last === undefined) return { text: 'Done.' };
  const path = asString(last.input.file_path);
  const content = asString(last.input.content);
  // `Write` refuses to overwrite a file that it has not read.
  if (last.name === 'Write' && last.isError && path !== undefined && content !== undefined) {
    if (conversation.tools.has('Bash')) return bashWriteStep(path, content, conversation);
  }
  return { text: sentence(last) };
}

function sentence({ name, input, result, isError }: ToolExchange): string {
  if (isError) return `That did not work: ${result.split('\n')[0] ?? ''}`;
  if (name === 'Write') return `I wrote ${basename(String(input.file_path))}.`;
  const description = asString(input.description) ?? '';
  if (description.startsWith('Write ')) return `I wrote ${basename(description.slice('Write '.length))}.`;
  if (name === 'StructuredOutput') return 'Done.';
  return result === '' ? 'Done; there was no output.' : `Here is the output:\n${result}`;
}
