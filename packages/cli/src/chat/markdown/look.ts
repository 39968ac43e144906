/** How Markdown looks here: with styles, or with its own marks where there are none. */
import type { Style } from '../screen/line.ts';

export interface Look {
  /** Whether styles are shown. Without them headings and code keep their marks, so that they can be told from text. */
  styled: boolean;
}

export const styles = {
  heading: { bold: true, colour: 'cyan' },
  strong: { bold: true },
  emphasis: { italic: true },
  strike: { strike: true },
  code: { colour: 'yellow' },
  link: { underline: true, colour: 'blue' },
  quiet: { dim: true },
} as const satisfies Record<string, Style>;
