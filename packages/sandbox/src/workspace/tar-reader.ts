/** Reads a tar archive entry by entry. What it says is hostile: every length is bounded, nothing is believed but sizes. */
import { blockBytes, MalformedTar, parseHeader, parseRecords, type TarHeader } from './tar-header.ts';

export interface TarEntry extends TarHeader {
  /** The file's bytes; what isn't read is skipped. */
  content: AsyncIterable<Uint8Array>;
}

/** Longest header that carries a name, in bytes. */
const maxMetaBytes = 64 * 1024;

/** The entries of an archive; names are as the archive gives them. @throws MalformedTar */
export async function* readTar(source: AsyncIterable<Uint8Array>): AsyncGenerator<TarEntry, void, undefined> {
  await using bytes = new ByteQueue(source);
  let records = new Map<string, string>();
  for (;;) {
    const block = await bytes.take(blockBytes);
    if (block === undefined) return;
    const header = parseHeader(block);
    if (header === undefined) return;
    if ('xgLK'.includes(header.type)) {
      if (header.size > maxMetaBytes) throw new MalformedTar('a name is too long');
      const body = await bytes.need(header.size);
      await bytes.skip(paddingOf(header.size));
      if (header.type === 'x') records = new Map([...records, ...parseRecords(body)]);
      else if (header.type !== 'g') records.set(header.type === 'L' ? 'path' : 'linkpath', nulEnded(body));
      continue;
    }
    if ([...records.keys()].some((key) => key.startsWith('GNU.sparse'))) throw new MalformedTar('a sparse file');
    const size = records.has('size') ? Number(records.get('size')) : header.size;
    if (!Number.isSafeInteger(size) || size < 0) throw new MalformedTar('a bad size');
    // Only files have content; a size in another header tells of nothing that follows.
    const contentBytes = header.type === '0' || header.type === '7' ? size : 0;
    const left = { bytes: contentBytes };
    const path = records.get('path') ?? header.path;
    const target = records.get('linkpath') ?? header.target;
    records = new Map();
    yield { ...header, path, target, size: contentBytes, content: bytes.portion(left) };
    await bytes.skip(left.bytes + paddingOf(contentBytes));
  }
}

function paddingOf(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

function nulEnded(body: Uint8Array): string {
  const end = body.indexOf(0);
  return new TextDecoder().decode(end === -1 ? body : body.subarray(0, end));
}

/** Takes exact numbers of bytes off a stream of chunks. */
class ByteQueue implements AsyncDisposable {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array();

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chunks.return?.();
  }

  /** `count` bytes; undefined when the stream has ended before the first. */
  async take(count: number): Promise<Uint8Array | undefined> {
    const whole = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const part = await this.#next(count - at);
      if (part === undefined) {
        if (at === 0) return undefined;
        throw new MalformedTar('it ends in the middle');
      }
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  async need(count: number): Promise<Uint8Array> {
    const found = await this.take(count);
    if (found === undefined && count > 0) throw new MalformedTar('it ends in the middle');
    return found ?? new Uint8Array();
  }

  async skip(count: number): Promise<void> {
    const left = { bytes: count };
    for await (const _ of this.portion(left));
  }

  async *portion(left: { bytes: number }): AsyncGenerator<Uint8Array, void, undefined> {
    while (left.bytes > 0) {
      const part = await this.#next(left.bytes);
      if (part === undefined) throw new MalformedTar('it ends in the middle');
      left.bytes -= part.length;
      yield part;
    }
  }

  async #next(most: number): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done) return undefined;
      this.#rest = value;
    }
    const part = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(part.length);
    return part;
  }
}
