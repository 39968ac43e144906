/** Tables for people: columns as wide as what they hold, within the width of the terminal. Pure. */
import type { Paint, Style } from './paint.ts';
import { cutTo, inLine, widthOf } from './width.ts';

export interface Column<T> {
  title: string;
  of: (item: T) => string | number | null | undefined;
  style?: (item: T) => Style | undefined;
  right?: boolean;
  /** May be cut when the table is too wide; columns without it are shown whole. */
  elastic?: boolean;
}

const gap = 2;
const narrowest = 8;

/** The lines of a table: titles, then one line an item. @param columns width of the terminal; undefined: as wide as need be */
export function tableLines<T>(
  items: readonly T[],
  columns: readonly Column<T>[],
  paint: Paint,
  terminalWidth: number | undefined,
): string[] {
  const cells = items.map((item) => columns.map((column) => inLine(String(column.of(item) ?? '-'))));
  const widths = columns.map(({ title }, at) =>
    Math.max(widthOf(title), ...cells.map((row) => widthOf(row[at] ?? ''))),
  );
  if (terminalWidth !== undefined) squeeze(widths, columns, terminalWidth);
  const line = (texts: readonly string[], styleOf: (at: number) => Style | undefined) =>
    texts
      .map((text, at) => {
        const width = widths[at] ?? 0;
        const cut = cutTo(text, width);
        const pad = ' '.repeat(Math.max(0, width - widthOf(cut)));
        const painted = paint(styleOf(at), cut);
        return columns[at]?.right ? pad + painted : at === texts.length - 1 ? painted : painted + pad;
      })
      .join(' '.repeat(gap))
      .trimEnd();
  return [
    line(
      columns.map(({ title }) => title.toUpperCase()),
      () => 'dim',
    ),
    ...cells.map((row, index) => {
      const item = items[index] as T;
      return line(row, (at) => columns[at]?.style?.(item));
    }),
  ];
}

/** Takes from the widest elastic column until the table fits, or nothing is left to take. */
function squeeze<T>(widths: number[], columns: readonly Column<T>[], terminalWidth: number): void {
  let over = widths.reduce((sum, width) => sum + width, gap * (widths.length - 1)) - terminalWidth;
  while (over > 0) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      const width = widths[at] ?? 0;
      if (column.elastic && width > narrowest && width > (widths[widest] ?? 0)) widest = at;
    }
    if (widest === -1) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
    over--;
  }
}

/** Lines of names and values, the values in one column. */
export function factLines(facts: readonly (readonly [string, unknown])[], paint: Paint): string[] {
  const shown = facts.filter(([, value]) => value !== undefined && value !== null && value !== '');
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${paint('dim', name.padEnd(width))}  ${inLine(String(value))}`);
}
