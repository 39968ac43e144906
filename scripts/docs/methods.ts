/** The client's methods as tables, read from the docstrings of its sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AshClient } from '@ash-ai/sdk';
import { tableOf } from './markdown.ts';

/** A docstring, then a method, or a property that holds one, or the name of a function above. */
const documented = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(?:async )?\*?(\w+)(?:: (?:async )?\(|\(|,)/g;
/** In what order the sources are told of; others come after, by name. */
const order = [
  ...['agents', 'sessions', 'messages', 'paging', 'files', 'attachments', 'exec', 'approvals', 'queue'],
  ...['webhooks', 'usage'],
];

/** One table per source of calls, under its title. @param root the checkout */
export function methodTables(root: string): string {
  const folder = join(root, 'packages/sdk/src');
  const names = new Set(Object.keys(new AshClient({ serverUrl: '' })));
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ file: file.replace('.ts', ''), text: readFileSync(join(folder, file), 'utf8') }))
    .filter(({ text }) => /export function \w+Calls\(/.test(text))
    .sort((a, b) => rank(a.file) - rank(b.file) || a.file.localeCompare(b.file));
  const told = new Set<string>();
  const tables = sources.map(({ file, text }) => {
    const rows: string[][] = [];
    for (const found of text.matchAll(documented)) {
      const [all, doc = '', name = ''] = found;
      if (!names.has(name) || told.has(name)) continue;
      told.add(name);
      const rest = all.endsWith(',') ? definitionOf(name, text) : text.slice(found.index + all.length);
      rows.push([`\`${name}(${parametersOf(rest)})\``, sentenceOf(doc)]);
    }
    return `### ${titleOf(file)}\n\n${tableOf(['Method', 'What it does'], rows)}\n`;
  });
  const untold = [...names].filter((name) => !told.has(name));
  if (untold.length > 0) throw new Error(`no docstring was found for ${untold.join(', ')}`);
  return tables.join('\n');
}

/** What follows the opening bracket of a function that is defined elsewhere in the file. */
function definitionOf(name: string, text: string): string {
  return new RegExp(`(?:function ${name}|const ${name} = (?:async )?)\\(([\\s\\S]*)`).exec(text)?.[1] ?? '';
}

function rank(file: string): number {
  const at = order.indexOf(file);
  return at === -1 ? order.length : at;
}

function titleOf(file: string): string {
  if (file === 'exec') return 'Commands';
  if (file === 'session') return 'Session handle';
  const title = file.replaceAll('-', ' ').replace(/\bapi\b/, 'API');
  return `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
}

/** The names of the parameters before the closing bracket, optional ones marked. */
function parametersOf(text: string): string {
  let depth = 0;
  let top = '';
  for (const [at, char] of [...text].entries()) {
    if (char === ')' && depth === 0) break;
    const arrow = char === '>' && text[at - 1] === '=';
    if ('{[(<'.includes(char)) depth++;
    if (depth === 0) top += char;
    if ('}])>'.includes(char) && !arrow) depth--;
  }
  return top
    .split(',')
    .flatMap((part) => {
      const [, name] = /^\s*(\w+)/.exec(part) ?? [];
      if (name === undefined) return part.trim() === '' ? [] : [/=/.test(part) ? 'options?' : 'fields'];
      return [`${name}${/[?=]/.test(part.replaceAll('=>', '')) ? '?' : ''}`];
    })
    .join(', ');
}

/** The text of a docstring before its tags, and the codes that it throws. */
function sentenceOf(doc: string): string {
  const text = doc.replace(/^\s*\* ?/gm, '').trim();
  const [said = ''] = text.split(/\s*@(?:param|throws|example|returns)\b/);
  const thrown = /@throws\s+AshApiError\s+((?:`\w+`(?:,\s*)?)+)/.exec(text)?.[1]?.replace(/,\s*$/, '');
  return `${said.replace(/\s+/g, ' ').trim()}${thrown === undefined ? '' : ` Fails with ${thrown.trim()}.`}`;
}
