/** What a tool call is about, in a few words, and what came of it. */
import { harmless } from '../screen/harmless.ts';

type Input = Readonly<Record<string, unknown>>;

/** The field that says most, by tool. */
const tellingFields = [
  'command',
  'file_path',
  'notebook_path',
  'pattern',
  'url',
  'query',
  'question',
  'skill',
  'description',
  'path',
  'prompt',
];

/** A tool's name as people say it: `mcp__library__search` is `library: search`. */
export function toolName(name: string): string {
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? [];
  return harmless(server === undefined ? name : `${server}: ${tool}`);
}

/** What the tool is called with, on one line. `folder` is where the agent works: paths below it are shown from there. */
export function toolSubject(input: unknown, folder: string | undefined): string {
  const given: Input = typeof input === 'object' && input !== null ? (input as Input) : {};
  // Of questions to the user the first one says enough.
  const fields: Input = Array.isArray(given.questions) ? Object(given.questions[0]) : given;
  const telling = tellingFields
    .map((field) => fields[field])
    .find((value) => typeof value === 'string' && value !== '');
  const text = typeof telling === 'string' ? telling : Object.keys(fields).length === 0 ? '' : JSON.stringify(fields);
  const within = folder !== undefined && text.startsWith(`${folder}/`) ? text.slice(folder.length + 1) : text;
  return harmless(within.trim()).replace(/\s*\n\s*/g, ' ⏎ ');
}

/** All of what the tool is called with. */
export function toolDetails(input: unknown): string {
  const fields: Input = typeof input === 'object' && input !== null ? (input as Input) : {};
  return Object.entries(fields)
    .map(([name, value]) => {
      const text = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
      return text.includes('\n') ? `${name}:\n${text.replace(/^/gm, '  ')}` : `${name}: ${text}`;
    })
    .join('\n');
}

/** The text of a tool's result. */
export function resultText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return content === undefined ? '' : JSON.stringify(content);
  return content
    .map((block: Input) => (typeof block?.text === 'string' ? block.text : `[${String(block?.type ?? 'something')}]`))
    .join('\n');
}

/** How much a result is. */
export function amount(text: string): string {
  if (text.trim() === '') return 'no output';
  const lines = text.trimEnd().split('\n').length;
  const size = bytes(Buffer.byteLength(text));
  return lines === 1 ? size : `${lines} lines, ${size}`;
}

export function bytes(count: number): string {
  if (count < 1000) return `${count} B`;
  return count < 1_000_000 ? `${(count / 1000).toFixed(1)} kB` : `${(count / 1_000_000).toFixed(1)} MB`;
}

/** A time span; undefined when it is too short to tell. */
export function duration(ms: number): string | undefined {
  if (ms < 100) return undefined;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** A number of tokens. */
export function tokens(count: number): string {
  return count < 1000
    ? String(count)
    : count < 1_000_000
      ? `${(count / 1000).toFixed(1)}k`
      : `${(count / 1_000_000).toFixed(1)}M`;
}
