/** One 512-byte block of a tar archive (POSIX.1-2001 ustar, with the GNU and pax ways of long names). */

export const blockBytes = 512;

/** `type` is the flag byte as a character; NUL, the oldest way to say "file", comes as `0`. */
export interface TarHeader {
  path: string;
  type: string;
  mode: number;
  size: number;
  modifiedAtMs: number;
  target: string;
}

/** Thrown for what isn't a tar archive. */
export class MalformedTar extends Error {
  override readonly name = 'MalformedTar';
}

const utf8 = new TextDecoder();

/** Reads a header block; undefined for a block of zeros, which ends an archive. */
export function parseHeader(block: Uint8Array): TarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (number(block, 148, 8) !== checksum(block)) throw new MalformedTar('a header has a wrong checksum');
  const ustar = text(block, 257, 5) === 'ustar';
  // GNU archives keep other things where ustar has its prefix, and say so with a blank.
  const prefix = ustar && block[262] === 0 ? text(block, 345, 155) : '';
  const name = text(block, 0, 100);
  return {
    path: prefix === '' ? name : `${prefix}/${name}`,
    type: block[156] === 0 ? '0' : String.fromCharCode(block[156] ?? 0),
    mode: number(block, 100, 8),
    size: number(block, 124, 12),
    modifiedAtMs: number(block, 136, 12) * 1000,
    target: text(block, 157, 100),
  };
}

/** The blocks of a header. What doesn't fit the old fields goes before it, in a pax header. */
export function formatHeader(header: TarHeader): Buffer {
  const records: string[] = [];
  if (!fits(header.path)) records.push(record('path', header.path));
  if (!fits(header.target)) records.push(record('linkpath', header.target));
  const block = formatBlock(header);
  if (records.length === 0) return block;
  const body = Buffer.from(records.join(''));
  const pax = { path: 'pax-header', type: 'x', mode: 0o600, size: body.length, modifiedAtMs: 0, target: '' };
  return Buffer.concat([formatBlock(pax), body, padding(body.length), block]);
}

/** Zeros that fill up the last block of `size` bytes. */
export function padding(size: number): Buffer {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

/** The records of a pax header. */
export function parseRecords(body: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < body.length; ) {
    const blank = body.indexOf(0x20, at);
    const length = blank === -1 ? Number.NaN : Number(utf8.decode(body.subarray(at, blank)));
    if (!Number.isInteger(length) || length < 4 || at + length > body.length)
      throw new MalformedTar('a bad pax header');
    const line = utf8.decode(body.subarray(blank + 1, at + length - 1));
    const equals = line.indexOf('=');
    if (equals === -1) throw new MalformedTar('a bad pax header');
    records.set(line.slice(0, equals), line.slice(equals + 1));
    at += length;
  }
  return records;
}

function formatBlock({ path, type, mode, size, modifiedAtMs, target }: TarHeader): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.write(fits(path) ? path : 'long-name', 0);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(Math.min(Math.max(Math.floor(modifiedAtMs / 1000), 0), 0o77777777777), 11), 136);
  block.write(type, 156);
  block.write(fits(target) ? target : 'long-name', 157);
  block.write('ustar\x0000', 257);
  block.write(`${octal(checksum(block), 6)}\0 `, 148);
  return block;
}

function fits(name: string): boolean {
  return name.length <= 100 && !/[^\x20-\x7e]/.test(name);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** `<length> <key>=<value>\n`, where the length counts its own digits too. */
function record(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (length !== rest + String(length).length) length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function checksum(block: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < blockBytes; at++) sum += at >= 148 && at < 156 ? 0x20 : (block[at] ?? 0);
  return sum;
}

function text(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return utf8.decode(end === -1 ? field : field.subarray(0, end));
}

function number(block: Uint8Array, at: number, length: number): number {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) {
    // Base 256, for what octal digits can't hold; negative ones are times before 1970.
    if (first !== 0x80) return 0;
    return block.subarray(at + 1, at + length).reduce((value, byte) => value * 256 + byte, 0);
  }
  const digits = text(block, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw new MalformedTar('a header has a bad number');
  return digits === '' ? 0 : Number.parseInt(digits, 8);
}
