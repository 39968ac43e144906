/** What is being typed, as lines of the screen with the cursor in them. */

import { widthOf } from '../../output/width.ts';
import { graphemes, harmless } from '../screen/harmless.ts';
import { type Line, type Span, span } from '../screen/line.ts';
import type { Place } from '../screen/painter.ts';

/** At most `most` rows of a text, those around the cursor, behind a prompt. */
export function editorLines(
  { text, at }: { text: string; at: number },
  prompt: Span,
  width: number,
  most: number,
): { lines: Line[]; cursor: Place } {
  const indent = widthOf(prompt.text);
  const room = Math.max(4, width - indent - 1);
  const rows = [''];
  const cursor = { row: 0, column: 0 };
  let used = 0;
  let seen = 0;
  const mark = () => {
    if (seen === at) Object.assign(cursor, { row: rows.length - 1, column: used });
  };
  for (const grapheme of graphemes(text)) {
    const shown = grapheme === '\n' ? '' : grapheme === '\t' ? '    ' : harmless(grapheme);
    const columns = widthOf(shown);
    if (used + columns > room) {
      rows.push('');
      used = 0;
    }
    mark();
    if (grapheme === '\n') {
      rows.push('');
      used = 0;
    } else {
      rows[rows.length - 1] += shown;
      used += columns;
    }
    seen += grapheme.length;
  }
  mark();
  const first = Math.max(0, Math.min(cursor.row - most + 1, rows.length - most));
  const lines = rows
    .slice(first, first + most)
    .map((row, index): Line => [index + first === 0 ? prompt : span(' '.repeat(indent)), span(row)]);
  return { lines, cursor: { row: cursor.row - first, column: cursor.column + indent } };
}
