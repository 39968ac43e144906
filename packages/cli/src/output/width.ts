/** How wide a text is in a terminal, and texts made safe and short enough to be shown in one line. */

/** East Asian wide and fullwidth characters, and emoji, take two columns. */
const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}|[\u{20000}-\u{3fffd}]/u;
/** What takes no column of its own at the beginning of a cluster. */
const empty = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const plainText = /^[\x20-\x7e]*$/;

/** Columns that a text without control characters takes. */
export function widthOf(text: string): number {
  if (plainText.test(text)) return text.length;
  let width = 0;
  for (const cluster of clustersOf(text)) width += widthOfCluster(cluster);
  return width;
}

/** The text in at most `columns` columns; one that is cut ends with `…`. */
export function cutTo(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let kept = '';
  let width = 0;
  for (const cluster of clustersOf(text)) {
    width += widthOfCluster(cluster);
    if (width > columns - 1) break;
    kept += cluster;
  }
  return `${kept}…`;
}

/** The text in one line, without characters that a terminal would obey: others wrote it. */
export function inLine(text: string): string {
  return text.replace(/\s*[\r\n\t]+\s*/g, ' ').replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** A text of several lines, without characters that a terminal would obey. */
export function harmless(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '');
}

function widthOfCluster(cluster: string): number {
  if (empty.test(cluster)) return 0;
  return wide.test(cluster) || cluster.includes('\ufe0f') ? 2 : 1;
}

/** Built when a text needs it: making one takes milliseconds. */
let segmenter: Intl.Segmenter | undefined;

/** The characters of a text as a reader counts them. */
export function* clustersOf(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter();
  for (const { segment } of segmenter.segment(text)) yield segment;
}
