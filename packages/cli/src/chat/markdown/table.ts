/** Tables that fit: columns as wide as their cells, narrower where there is no room, rows as records where there is none at all. */
import type { Tokens } from 'marked';
import { type Line, lineWidth, prefixed, type Span, span, wrap } from '../screen/line.ts';
import { inline } from './inline.ts';
import { type Look, styles } from './look.ts';

/** A column narrower than this holds no words. */
const narrowest = 6;
const gap = ' │ ';

/** The lines of a table. */
export function tableLines(table: Tokens.Table, width: number, look: Look): Line[] {
  const header = table.header.map((cell) => inline(cell.tokens, look, styles.strong));
  const rows = table.rows.map((row) => row.map((cell) => inline(cell.tokens, look)));
  const widths = columnWidths([header, ...rows], width - gap.length * (header.length - 1));
  if (widths === undefined) return records(header, rows, width);
  const align = table.align;
  const bar = widths.map((each) => '─'.repeat(each)).join('─┼─');
  return [
    ...rowLines(header, widths, align),
    [span(bar, styles.quiet)],
    ...rows.flatMap((row) => rowLines(row, widths, align)),
  ];
}

/** The widths of the columns; undefined when not all of them can be wide enough to be read. */
function columnWidths(rows: readonly Span[][][], room: number): number[] | undefined {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(1, ...rows.map((row) => lineWidth(row[at] ?? []))));
  const total = () => widths.reduce((sum, each) => sum + each, 0);
  while (total() > room) {
    const widest = Math.max(...widths);
    if (widest <= narrowest) return undefined;
    widths[widths.indexOf(widest)] = Math.max(narrowest, widest - (total() - room > widths.length ? 2 : 1));
  }
  return widths;
}

function rowLines(row: readonly Span[][], widths: readonly number[], align: Tokens.Table['align']): Line[] {
  const cells = widths.map((width, at) => wrap(row[at] ?? [], width));
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells.flatMap((lines, at) => [
      ...(at === 0 ? [] : [span(gap, styles.quiet)]),
      ...padded(lines[line] ?? [], widths[at] ?? 0, align[at] ?? 'left', at === cells.length - 1),
    ]),
  );
}

function padded(line: Line, width: number, align: 'left' | 'right' | 'center', last: boolean): Line {
  const free = Math.max(0, width - lineWidth(line));
  const before = align === 'right' ? free : align === 'center' ? free >> 1 : 0;
  const after = last ? 0 : free - before;
  return [...(before > 0 ? [span(' '.repeat(before))] : []), ...line, ...(after > 0 ? [span(' '.repeat(after))] : [])];
}

function records(header: readonly Span[][], rows: readonly Span[][][], width: number): Line[] {
  return rows.flatMap((row, at) => [
    ...(at === 0 ? [] : [[span('─'.repeat(Math.min(width, 20)), styles.quiet)]]),
    ...row.flatMap((cell, column) =>
      prefixed(wrap([...(header[column] ?? []), span(': '), ...cell], width - 2), [], [span('  ')]),
    ),
  ]);
}
