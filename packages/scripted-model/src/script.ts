// Finds the script in a prompt and writes a script into a prompt.
import { apiError } from './api-error.ts';
import { checkSteps } from './check-steps.ts';
import type { Step, StepFields } from './step.ts';

const opening = '<script>';
const closing = '</script>';

/**
 * The prompt text that makes the scripted model play these steps, one a model request.
 * @param steps a string is a reply of text only
 * @example script({ tools: [{ name: 'Bash', input: { command: 'pwd' } }] }, 'You are in {{result}}')
 * @example `Please go ahead. ${script('Fine.')}`
 */
export function script(...steps: readonly Step[]): string {
  const lines = steps.map((step) => `  ${JSON.stringify(step)}`);
  return `${opening}[\n${lines.join(',\n')}\n]${closing}`;
}

/**
 * The steps of the script in a prompt, or undefined when there is none. A script may carry the script of a subagent
 * in a string, so the end is the first closing tag at which the JSON is whole.
 */
export function findScript(prompt: string): readonly StepFields[] | undefined {
  const start = prompt.indexOf(opening);
  if (start < 0) return undefined;
  const from = start + opening.length;
  let reason = `no ${closing}`;
  for (let end = prompt.indexOf(closing, from); end >= 0; end = prompt.indexOf(closing, end + 1)) {
    const parsed = parseJson(prompt.slice(from, end));
    if ('value' in parsed) return checkSteps(parsed.value);
    reason = parsed.reason;
  }
  throw apiError(400, `script: ${reason}`);
}

function parseJson(text: string): { value: unknown } | { reason: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (cause) {
    return { reason: cause instanceof Error ? cause.message : String(cause) };
  }
}
