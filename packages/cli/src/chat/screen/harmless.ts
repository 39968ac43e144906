/** Text as a terminal shows it: cut into characters, and made harmless. */
import { clustersOf, widthOf } from '../../output/width.ts';

/** Columns from one tab stop to the next. */
const tab = 4;

/** The characters of a text as a reader counts them: a letter with its accents is one, so is a family of emoji. */
export function graphemes(text: string): string[] {
  return /[^\x20-\x7e]/.test(text) ? [...clustersOf(text)] : text.split('');
}

/**
 * Text that a terminal shows and does not obey. What an agent says is somebody's input: escape sequences could move the
 * cursor, rename the window or forge a prompt, and marks that turn the writing direction make code read otherwise.
 */
export function harmless(text: string): string {
  if (!/[^\x20-\x7e\n]/.test(text)) return text;
  return withoutTabs(
    text
      .replace(
        /\x9b[0-?]*[ -/]*[@-~]|\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?/g,
        '',
      )
      .replace(/\r\n?/g, '\n')
      .replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029]/g, ''),
  );
}

function withoutTabs(text: string): string {
  if (!text.includes('\t')) return text;
  return text
    .split('\n')
    .map((line) => {
      const [first = '', ...rest] = line.split('\t');
      return rest.reduce((shown, part) => shown + ' '.repeat(tab - (widthOf(shown) % tab)) + part, first);
    })
    .join('\n');
}
