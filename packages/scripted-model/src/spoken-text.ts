// Tells what the user said from what the agent runtime puts into user messages.

const reminder = /<system-reminder>[\s\S]*?<\/system-reminder>/g;
const commandName = /<command-name>([\s\S]*?)<\/command-name>/;
const commandArgs = /<command-args>([\s\S]*?)<\/command-args>/;

/** Texts that the runtime writes in the user's name. */
const synthetic = [
  /^\[Request interrupted by user/,
  /^Continue from where you left off\.?$/,
  /^Base directory for this skill:/,
  /^<local-command-/,
];

/** The text without the runtime's reminders, a slash command as typed; empty when the user said none of it. */
export function spokenText(text: string): string {
  const spoken = text.replace(reminder, '').trim();
  const command = spoken.startsWith('<command-') ? commandName.exec(spoken)?.[1] : undefined;
  if (command !== undefined) return `${command} ${commandArgs.exec(spoken)?.[1] ?? ''}`.trim();
  return synthetic.some((pattern) => pattern.test(spoken)) ? '' : spoken;
}
