// Understands the requests for which the persona uses a tool.
import { isAbsolute, join } from 'node:path';
import type { Conversation } from './conversation.ts';
import type { StepFields } from './step.ts';

const name = String.raw`["'\`]?([\w./-]+)["'\`]?`;
const writing = new RegExp(
  String.raw`\b(?:write|leave|create|make|save)\s+(?:me\s+)?(?:an?\s+|the\s+)?(?:new\s+)?(?:(?:text\s+)?(?:file|note)\s+)?` +
    String.raw`(?:(?:named|called|in|to)\s+)?${name}\s*,?\s+(?:with|saying|containing|that says|which says)\s*:?\s+([\s\S]+)`,
  'i',
);
const please = String.raw`(?:please\s+|(?:can|could|would) you\s+(?:please\s+)?)?`;
const running = new RegExp(
  String.raw`^${please}(?:run|execute)\s+(?:the\s+)?(?:(?:shell\s+)?command:?\s+)?([\s\S]+)`,
  'i',
);
const reading = new RegExp(
  String.raw`(?:^${please}(?:read|show|print|cat)\s+(?:me\s+)?|\bwhat does\s+)(?:the\s+)?(?:file\s+)?["'\`]?([\w./-]+\.\w+)`,
  'i',
);
const listing = /\blist\b[^.?!]*\bfiles\b|\b(?:what|which) files\b/i;

/** A call of the fitting tool; a sentence when that tool is not offered; undefined when the prompt needs none. */
export function toolRequest(prompt: string, conversation: Conversation): StepFields | undefined {
  const write = writing.exec(prompt);
  if (write?.[1] !== undefined && write[2] !== undefined) return writeStep(write[1], said(write[2]), conversation);
  if (listing.test(prompt)) return bashStep('ls -A', 'List the files', conversation);
  const run = running.exec(prompt)?.[1];
  if (run !== undefined) return bashStep(bare(run), 'Run the command', conversation);
  const read = reading.exec(prompt)?.[1];
  if (read !== undefined) return bashStep(`cat ${quoted(read)}`, `Read ${read}`, conversation);
  return undefined;
}

/** A Bash call that writes the file; also the way out when the tool `Write` refuses. */
export function bashWriteStep(path: string, content: string, conversation: Conversation): StepFields {
  // A delimiter that is no line of the content.
  let end = 'END';
  while (content.split('\n').includes(end)) end += '_';
  return bashStep(`cat > ${quoted(path)} <<'${end}'\n${content}\n${end}`, `Write ${path}`, conversation);
}

function writeStep(path: string, content: string, conversation: Conversation): StepFields {
  const directory = conversation.workingDirectory;
  const absolute = isAbsolute(path) ? path : directory && join(directory, path);
  if (!absolute || !conversation.tools.has('Write')) return bashWriteStep(path, content, conversation);
  return { text: `I'll write ${path}.`, tools: [{ name: 'Write', input: { file_path: absolute, content } }] };
}

function bashStep(command: string, description: string, { tools }: Conversation): StepFields {
  if (!tools.has('Bash')) return { text: 'I would need a tool for that, and none was offered to me.' };
  return { tools: [{ name: 'Bash', input: { command, description } }] };
}

/** What is in quotes or a fence, exactly; else the text without its full stop. */
function said(text: string): string {
  const rest = text.trim().replace(/^(?:the\s+)?(?:text|words?|contents?):?\s+/i, '');
  const inside = /^```\w*\n([\s\S]*?)\n?```|^"([^"]*)"|^'([^']*)'|^`([^`]*)`|^“([^”]*)”/.exec(rest);
  return inside?.slice(1).find((found) => found !== undefined) ?? rest.replace(/\.$/, '');
}

/** A command is taken as it stands: its quotes are its own unless a fence or back-ticks enclose it. */
function bare(text: string): string {
  const inside = /^```\w*\n([\s\S]*?)\n?```|^`([^`]*)`/.exec(text.trim());
  return inside?.slice(1).find((found) => found !== undefined) ?? text.trim().replace(/\.$/, '');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
