/** Bytes on their way in and out of JSON and responses, in Node and in browsers alike. */

/** Characters of one step: more arguments than this are too many for a call. */
const step = 0x6000;

/** base64 of bytes. */
export function toBase64(bytes: Uint8Array): string {
  let text = '';
  // A whole number of groups of three, so that the parts can be joined.
  for (let at = 0; at < bytes.length; at += step) {
    text += btoa(String.fromCharCode(...bytes.subarray(at, at + step)));
  }
  return text;
}

/** The whole body; in Node it is a Buffer, as clients of the older Ash expect it. */
export async function bytesOf(response: Response): Promise<Uint8Array> {
  const body = await response.arrayBuffer();
  const { Buffer } = globalThis as { Buffer?: { from(bytes: ArrayBuffer): Uint8Array } };
  return Buffer?.from(body) ?? new Uint8Array(body);
}
