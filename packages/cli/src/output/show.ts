/**
 * How results reach stdout.
 * ```
 *   --json      the API's own objects, and nothing else
 *   --quiet     the id or the name, one a line
 *   a terminal  tables and sentences (--table: also into a pipe)
 *   else        JSON, after a sentence where the contract has one (spec/cli.md §3)
 * ```
 */
import type { Context } from '../context.ts';
import { type Column, factLines, tableLines } from './table.ts';

export type { Column } from './table.ts';

export type Form = 'json' | 'quiet' | 'people' | 'piped';

/** Shows several things. @param none what people read when there are none */
export function showList<T>(
  context: Context,
  items: readonly T[],
  how: { columns: readonly Column<T>[]; key: (item: T) => string | number; none: string; value?: unknown },
): void {
  const { terminal, form } = context;
  if (form === 'quiet') terminal.out(items.map((item) => `${how.key(item)}\n`).join(''));
  else if (form !== 'people') terminal.json(how.value ?? items);
  else if (items.length === 0) terminal.note(how.none);
  else terminal.out(text(tableLines(items, how.columns, context.paint, context.width)));
}

/** Shows one thing. @param facts what people read of it; empty ones are left out */
export function showOne(
  context: Context,
  value: unknown,
  how: { facts: readonly (readonly [string, unknown])[]; key: string | number },
): void {
  const { terminal, form } = context;
  if (form === 'quiet') terminal.out(`${how.key}\n`);
  else if (form !== 'people') terminal.json(value);
  else terminal.out(text(factLines(how.facts, context.paint)));
}

/** Says what was done, with the thing that it was done to. @param next commands that people may want next */
export function showDone(
  context: Context,
  sentence: string,
  value: unknown,
  how: { key: string | number; next?: readonly string[] },
): void {
  const { terminal, form } = context;
  if (form === 'quiet') terminal.out(`${how.key}\n`);
  else if (form === 'people') {
    terminal.out(`${sentence}: ${context.paint('bold', String(how.key))}\n`);
    for (const line of how.next ?? []) terminal.progress(terminal.dim(`  ${line}`));
  } else {
    if (form === 'piped') terminal.out(`${sentence}: `);
    terminal.json(value);
  }
}

/** Says what was done in a sentence, also into a pipe; the value with `--json`. */
export function showSentence(context: Context, sentence: string, value: unknown, key: string | number): void {
  if (context.form === 'json') context.terminal.json(value);
  else context.terminal.out(`${context.form === 'quiet' ? key : sentence}\n`);
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
