/** The model as a witness: what conversation each request of a session brought. */
import type { ModelRequest } from '@ash-ai/scripted-model';
import type { Asked } from './evidence.ts';
import { answersIn, tagsIn } from './prompt.ts';

interface Block {
  type: string;
  text?: string;
}

/** What a request holds of planned turns; undefined when it is about something else. */
export function asked({ body }: ModelRequest): Asked | undefined {
  const messages = (body.messages ?? []) as { role: string; content: string | Block[] }[];
  const found: Asked = { prompts: [], answers: [] };
  for (const { role, content } of messages) {
    const text = typeof content === 'string' ? content : content.map((block) => block.text ?? '').join('\n');
    if (role === 'user') found.prompts.push(...tagsIn(text));
    else found.answers.push(...answersIn(text));
  }
  return found.prompts.length === 0 ? undefined : found;
}
