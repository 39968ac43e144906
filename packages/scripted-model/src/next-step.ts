// Chooses the step that a conversation is at: of the script in its last prompt, or of the persona.
import type { Conversation } from './conversation.ts';
import { personaReply } from './persona.ts';
import { findScript } from './script.ts';
import type { StepFields } from './step.ts';

/** The step to play. A script that has come to its end says "Done." */
export function nextStep(conversation: Conversation): StepFields {
  // A side request (a title, a topic) quotes the prompt: it must neither play its steps nor meet its faults.
  const steps = conversation.format === undefined ? findScript(conversation.prompts.at(-1) ?? '') : undefined;
  if (steps === undefined) return personaReply(conversation);
  return steps[conversation.step] ?? { text: 'Done.' };
}
