/** How a command of the tree is tied to what it does. */
import type { Context, Done } from '../context.ts';

/**
 * Wraps a command's work: it gets the arguments and the options, those of the program among them. A failure becomes one
 * line that begins with `prefix`, and exit code 1.
 */
export type Doing = <A extends unknown[]>(
  work: (context: Context, ...given: A) => Done,
  prefix?: string,
) => (...given: A) => Promise<void>;

/** Help text that shows how a command is called. */
export function example(...lines: string[]): string {
  return `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;
}

/** Collects the values of an option that may be given several times. */
export function several(value: string, before: string[] = []): string[] {
  return [...before, value];
}
