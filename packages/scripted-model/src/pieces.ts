// Cuts a text into the pieces in which it is streamed.

/** Word by word, the white space staying with the word before it. */
export function words(text: string): readonly string[] {
  return text.match(/\s*\S+\s*/g) ?? (text === '' ? [] : [text]);
}

/** Pieces of `size` characters. */
export function slices(text: string, size: number): readonly string[] {
  const characters = Array.from(text);
  const count = Math.ceil(characters.length / size);
  return Array.from({ length: count }, (_, index) => characters.slice(index * size, (index + 1) * size).join(''));
}

/** As good as equal pieces, `count` of them or one a character. */
export function parts(text: string, count: number): readonly string[] {
  const characters = Array.from(text);
  const pieces = Math.min(count, characters.length);
  const at = (index: number) => Math.floor((index * characters.length) / pieces);
  return Array.from({ length: pieces }, (_, index) => characters.slice(at(index), at(index + 1)).join(''));
}
