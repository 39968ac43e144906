/** What is wrong with a request, as a sentence that names the fields: `content: is missing; maxTurns: must be at least 1`. */
import type { z } from 'zod';

const MAX_ISSUES = 5;
const MAX_PATH_CHARS = 120;
const MAX_REASON_CHARS = 600;

/** The reason for refusing `input`. `whole` names the input itself (`body`). Bounded in length, whatever was sent. */
export function reasonOf(issues: readonly z.core.$ZodIssue[], input: unknown, whole: string): string {
  const sentences = issues
    .slice(0, MAX_ISSUES)
    .map((issue) => `${nameOf(issue.path, whole)}: ${sentenceOf(issue, input)}`);
  if (issues.length > MAX_ISSUES) sentences.push(`and ${issues.length - MAX_ISSUES} more`);
  return shortened(sentences.join('; '), MAX_REASON_CHARS);
}

function sentenceOf(issue: z.core.$ZodIssue, input: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_value': {
      const value = valueAt(input, issue.path);
      if (value === undefined) return 'is missing';
      if (issue.code === 'invalid_value') return `must be ${listed(issue.values)}`;
      return `must be ${kindNamed(issue.expected)}, not ${kindOf(value)}`;
    }
    case 'too_small':
      return `must ${bound(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', issue.maximum)}`;
    case 'invalid_format':
      return issue.format === 'uuid' ? 'must be a UUID' : issue.message;
    default:
      return issue.message;
  }
}

function bound(origin: string, side: string, limit: number | bigint): string {
  const plural = limit === 1 ? '' : 's';
  if (origin === 'string') return `have ${side} ${limit} character${plural}`;
  return origin === 'array' || origin === 'set' ? `have ${side} ${limit} item${plural}` : `be ${side} ${limit}`;
}

function listed(values: readonly unknown[]): string {
  const named = values.map((value) => JSON.stringify(value) ?? String(value));
  return named.length === 1 ? `${named[0]}` : `one of ${named.join(', ')}`;
}

const kinds: Record<string, string> = {
  int: 'a whole number',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

function kindNamed(kind: string): string {
  return kinds[kind] ?? `a ${kind}`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' && !Number.isSafeInteger(value)) return String(value);
  return kindNamed(Array.isArray(value) ? 'array' : typeof value);
}

function nameOf(path: readonly PropertyKey[], whole: string): string {
  let name = '';
  for (const key of path) name += typeof key === 'number' ? `[${key}]` : `${name === '' ? '' : '.'}${String(key)}`;
  return name === '' ? whole : shortened(name.replace(/[\x00-\x1f\x7f]/g, '?'), MAX_PATH_CHARS);
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

function shortened(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1)}…`;
}
