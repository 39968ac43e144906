/** Lines as the bytes of a terminal. */
import type { Line, Style } from './line.ts';

const colours = { red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36 } as const;

/** A line with its styles as escape sequences; without `coloured` only its text. */
export function paint(line: Line, coloured: boolean): string {
  return line.map(({ text, style }) => (coloured && style !== undefined ? styled(text, style) : text)).join('');
}

function styled(text: string, style: Style): string {
  const codes: number[] = [];
  if (style.bold) codes.push(1);
  if (style.dim) codes.push(2);
  if (style.italic) codes.push(3);
  if (style.underline) codes.push(4);
  if (style.inverse) codes.push(7);
  if (style.strike) codes.push(9);
  if (style.colour !== undefined) codes.push(colours[style.colour]);
  return codes.length === 0 ? text : `\x1b[${codes.join(';')}m${text}\x1b[0m`;
}
