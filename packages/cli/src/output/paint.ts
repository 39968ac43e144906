/** Colours: only on a terminal, and never with NO_COLOR, `--no-color` or a terminal that has none. */
import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Puts a text into a style, where there are styles. */
export type Paint = (style: Style | undefined, text: string) => string;

/** Whether an output stream shows colours. */
export function hasColours(stream: { isTTY?: boolean }, wanted: boolean): boolean {
  const { NO_COLOR, TERM } = process.env;
  return wanted && stream.isTTY === true && !NO_COLOR && TERM !== 'dumb';
}

/** The paint of an output stream. */
export function paintFor(stream: { isTTY?: boolean }, wanted: boolean): Paint {
  const coloured = hasColours(stream, wanted);
  return (style, text) =>
    coloured && style !== undefined && text !== '' ? styleText(style, text, { validateStream: false }) : text;
}

const styles: Readonly<Record<string, Style>> = {
  active: 'green',
  completed: 'green',
  allowed: 'green',
  delivered: 'green',
  skipped: 'dim',
  ok: 'green',
  starting: 'yellow',
  pending: 'yellow',
  processing: 'yellow',
  paused: 'yellow',
  stopped: 'dim',
  ended: 'dim',
  cancelled: 'dim',
  expired: 'dim',
  error: 'red',
  failed: 'red',
  denied: 'red',
};

/** The style of a status; undefined for one that has none. */
export function styleOf(status: string): Style | undefined {
  return Object.hasOwn(styles, status) ? styles[status] : undefined;
}
