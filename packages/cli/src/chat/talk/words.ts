/** Sentences for what happens in a session. */
import { errorTable } from '@ash-ai/shared';
import { harmless } from '../screen/harmless.ts';

type Data = Record<string, unknown>;

/** What a change of the session means; undefined for what needs no words. */
export function sessionWords(action: string): string | undefined {
  return Object.hasOwn(sessionSentences, action) ? sessionSentences[action] : undefined;
}

const sessionSentences: Record<string, string> = {
  paused: 'The session was paused. A message makes it active again.',
  stopped: 'The session was stopped. A message makes it active again.',
  ended: 'The session was ended.',
  sandbox_lost: 'The sandbox was lost; its workspace and the conversation are kept.',
};

/** What the user sent, as text. */
export function userText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block: Data) => (block.type === 'text' ? String(block.text) : `[${String(block.type)}]`))
    .join('\n');
}

/** What to do about a failure of the server's error table. */
export function suggestionFor(code: string | undefined): string | undefined {
  const known: Record<string, { suggestion?: string }> = errorTable;
  return code !== undefined && Object.hasOwn(known, code) ? known[code]?.suggestion : undefined;
}

/** The blocks of a message. */
export function blocksOf(message: Data): Data[] {
  const content = (message.message as Data | undefined)?.content;
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? (content as Data[]) : [];
}

/** That the model is asked again. */
export function retryWords(message: Data): string {
  const status = message.error_status ?? message.status ?? message.error;
  return `The model doesn't answer${status == null ? '' : ` (${harmless(String(status))})`}; try ${String(message.attempt ?? '?')} of ${String(message.max_retries ?? '?')} · Esc interrupts`;
}
