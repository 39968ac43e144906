// The reply of the built-in persona: what the scripted model says when the prompt carries no script.
import type { Conversation } from './conversation.ts';
import { afterTools } from './persona-confirm.ts';
import { introducedName } from './persona-name.ts';
import { toolRequest } from './persona-tools.ts';
import { sampleOf } from './sample-of.ts';
import type { StepFields } from './step.ts';

const haiku = 'Silent folders wake,\none small agent reads the brief:\nfiles bloom, then it rests.';
const structuredOutput = 'StructuredOutput';

/** The reply, derived from the conversation alone. */
export function personaReply(conversation: Conversation): StepFields {
  const prompt = conversation.prompts.at(-1) ?? '';
  // Side requests of the runtime (a title, a topic) ask for JSON as text.
  if (conversation.format !== undefined)
    return { text: JSON.stringify(sampleOf(conversation.format, excerpt(prompt))) };
  if (conversation.exchanges.length > 0) return afterTools(conversation);
  const request = toolRequest(prompt, conversation);
  if (request !== undefined) return request;
  const text = answer(prompt, conversation.prompts);
  const schema = conversation.tools.get(structuredOutput);
  if (schema === undefined) return { text };
  return { text, tools: [{ name: structuredOutput, input: Object(sampleOf(schema, text)) }] };
}

function answer(prompt: string, prompts: readonly string[]): string {
  const name = prompts.map(introducedName).findLast((found) => found !== undefined);
  const introduced = introducedName(prompt);
  if (introduced !== undefined) return `Nice to meet you, ${introduced}.`;
  if (/\bwhat(?:'s|’s| is) my name\b|\bwho am i\b|\bremember my name\b/i.test(prompt)) {
    return name === undefined ? "I don't know your name yet. What is it?" : `Your name is ${name}.`;
  }
  if (/\bhaiku\b/i.test(prompt)) return haiku;
  const last = Number(/\bcount (?:from (?:1|one) )?(?:up )?to (\d{1,3})\b/i.exec(prompt)?.[1] ?? 0);
  if (last > 0) return `${Array.from({ length: last }, (_, index) => index + 1).join(', ')}.`;
  if (/^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening))\b/i.test(prompt)) {
    return `Hello${name === undefined ? '' : `, ${name}`}! What can I do for you?`;
  }
  if (/\b(?:thanks|thank you)\b/i.test(prompt)) return `You're welcome${name === undefined ? '' : `, ${name}`}.`;
  return (
    `I am the scripted model, a stand-in without a model key, and I heard: "${excerpt(prompt)}" ` +
    'I can remember your name, write and list files, run commands, count, and write a haiku.'
  );
}

function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const characters = Array.from(line);
  return characters.length > 200 ? `${characters.slice(0, 200).join('')}…` : line;
}
