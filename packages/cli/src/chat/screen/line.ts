/** What a screen is made of: lines of spans with a style, wrapped to a width. Pure; colours are put on at the very end. */
import { widthOf } from '../../output/width.ts';
import { graphemes } from './harmless.ts';

export interface Style {
  bold?: true;
  dim?: true;
  italic?: true;
  underline?: true;
  strike?: true;
  inverse?: true;
  colour?: 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';
}

export interface Span {
  text: string;
  style?: Style;
}

/** One row of a screen. */
export type Line = readonly Span[];

/** Something that can be shown at any width. */
export type Block = (width: number) => Line[];

const none: Style = {};

/** A span. */
export function span(text: string, style?: Style): Span {
  return style === undefined ? { text } : { text, style };
}

/** Columns that a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** The text of a line. */
export function lineText(line: Line): string {
  return line.map(({ text }) => text).join('');
}

/** Puts something before each line: `first` before the first one, `rest` before the others. */
export function prefixed(lines: readonly Line[], first: Line, rest: Line): Line[] {
  return lines.map((line, at) => [...(at === 0 ? first : rest), ...line]);
}

interface Cell {
  text: string;
  width: number;
  style: Style;
}

/** Breaks spans into lines of at most `width` columns: at spaces, beside wide characters, else within a word. */
export function wrap(spans: readonly Span[], width: number): Line[] {
  const room = Math.max(2, width);
  return splitLines(cellsOf(spans)).flatMap((cells) => wrapCells(cells, room).map(toLine));
}

/** Breaks spans into lines without regard to words: every character stays where it is. */
export function fold(spans: readonly Span[], width: number): Line[] {
  const room = Math.max(2, width);
  return splitLines(cellsOf(spans)).flatMap((cells) => {
    const lines: Cell[][] = [[]];
    let used = 0;
    for (const cell of cells) {
      if (used + cell.width > room) {
        lines.push([]);
        used = 0;
      }
      lines.at(-1)?.push(cell);
      used += cell.width;
    }
    return lines.map(toLine);
  });
}

function cellsOf(spans: readonly Span[]): Cell[] {
  return spans.flatMap(({ text, style = none }) =>
    text.split('\n').flatMap((part, at) => {
      const cells = graphemes(part).map((text) => ({ text, width: widthOf(text), style }));
      return at === 0 ? cells : [{ text: '\n', width: 0, style }, ...cells];
    }),
  );
}

function splitLines(cells: readonly Cell[]): Cell[][] {
  const lines: Cell[][] = [[]];
  for (const cell of cells) {
    if (cell.text === '\n') lines.push([]);
    else lines.at(-1)?.push(cell);
  }
  return lines;
}

function wrapCells(cells: readonly Cell[], room: number): Cell[][] {
  const lines: Cell[][] = [];
  let line: Cell[] = [];
  let used = 0;
  /** Where the line may be broken: how many of its cells stay. */
  let breakAt = 0;
  for (const cell of cells) {
    if (used + cell.width > room) {
      if (cell.text === ' ') {
        lines.push(withoutEnd(line));
        line = [];
        used = 0;
        breakAt = 0;
        continue;
      }
      const stays = breakAt > 0 ? breakAt : line.length;
      lines.push(withoutEnd(line.slice(0, stays)));
      line = line.slice(stays);
      used = line.reduce((sum, { width }) => sum + width, 0);
      breakAt = 0;
    }
    // Between wide characters (Chinese, Japanese) a line may break anywhere.
    if (cell.width === 2 && line.length > 0) breakAt = line.length;
    line.push(cell);
    used += cell.width;
    if (cell.text === ' ' || cell.width === 2) breakAt = line.length;
  }
  lines.push(line);
  return lines;
}

function withoutEnd(cells: readonly Cell[]): Cell[] {
  let end = cells.length;
  while (end > 0 && cells[end - 1]?.text === ' ') end--;
  return cells.slice(0, end);
}

function toLine(cells: readonly Cell[]): Line {
  const spans: Span[] = [];
  let before: Style | undefined;
  for (const { text, style } of cells) {
    const last = spans.at(-1);
    if (last !== undefined && style === before) last.text += text;
    else spans.push(span(text, style === none ? undefined : style));
    before = style;
  }
  return spans;
}
