/** Options that take a number. */
import { Failure } from './failure.ts';

/** The whole number that an option was given; undefined when it wasn't. */
export function count(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw new Failure(`${option} takes a number, not ${JSON.stringify(text)}`);
  return Number(text);
}
