/** base64 as callers send it. */

/** The bytes; undefined for what isn't base64. Padding may be missing, white space is passed over. */
export function decodeBase64(text: string): Buffer | undefined {
  const compact = /\s/.test(text) ? text.replace(/\s+/g, '') : text;
  const padding = paddingOf(compact);
  const digits = compact.length - padding;
  if (digits % 4 === 1 || (padding > 0 && compact.length % 4 !== 0)) return undefined;
  // Node passes over every character that isn't base64: then there are fewer bytes than there must be.
  const bytes = Buffer.from(compact, 'base64');
  return bytes.length === decodedLength(compact) ? bytes : undefined;
}

/** How many bytes a text of base64 stands for, without decoding it. */
export function decodedLength(text: string): number {
  return Math.floor(((text.length - paddingOf(text)) * 3) / 4);
}

function paddingOf(text: string): number {
  return text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
}
