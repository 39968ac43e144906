/** Pieces of Markdown that generated pages share. */

/** The first line of a generated page. */
export function madeFrom(source: string): string {
  return `<!-- Made by scripts/generate-docs.ts from ${source}. Change that, then run: npm run docs -->`;
}

/** A table. Bars in its cells are escaped, line breaks become blanks. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cellOf).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function cellOf(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').replaceAll('|', '\\|');
}
