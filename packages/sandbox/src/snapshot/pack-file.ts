/**
 * Files of content: a tar archive for whoever has nothing but this file, cut into frames that decompress one by one, so
 * that a part of it can be read without the rest. (Node's zstd reads no more than one frame of a file; `zstd -d` reads all.)
 */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { formatHeader, padding } from '../workspace/tar-header.ts';
import type { PackHead } from './head.ts';

/** Content of one frame: as large as helps the compression, and small enough to have in memory. */
const frameBytes = 4 * 1024 * 1024;
/** Level 1 is four times as fast as 3, and a tenth larger with source code. */
const params = { [constants.ZSTD_c_compressionLevel]: 1 };

export class PackWriter {
  readonly #fd: number;
  readonly #n: number;
  readonly #whole = createHash('sha256');
  readonly #frames: number[] = [];
  #frame: Buffer[] = [];
  #inFrame = 0;
  #raw = 0;
  #bytes = 0;

  constructor(path: string, n: number) {
    this.#n = n;
    this.#fd = openSync(path, 'w', 0o600);
  }

  /** Adds a file; the offset of its content. `chunks` are `size` bytes. */
  add(path: string, size: number, chunks: Iterable<Buffer>): number {
    const named = path.replaceAll('\0', '');
    this.#write(formatHeader({ path: named, type: '0', mode: 0o600, size, modifiedAtMs: 0, target: '' }));
    const offset = this.#raw;
    for (const chunk of chunks) this.#write(chunk);
    this.#write(padding(size));
    return offset;
  }

  /** Puts it on the disk. */
  end(): PackHead {
    this.#write(Buffer.alloc(1024));
    this.#flush();
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    const [n, bytes, rawBytes] = [this.#n, this.#bytes, this.#raw];
    const [sha256, checkedAt] = [this.#whole.digest('hex'), new Date().toISOString()];
    return { n, bytes, sha256, checkedAt, rawBytes, frames: this.#frames };
  }

  #write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const part = bytes.subarray(at, at + frameBytes - this.#inFrame);
      // A copy: the caller uses its buffer again.
      this.#frame.push(Buffer.from(part));
      this.#inFrame += part.length;
      at += part.length;
      if (this.#inFrame === frameBytes) this.#flush();
    }
    this.#raw += bytes.length;
  }

  #flush(): void {
    if (this.#inFrame === 0) return;
    const frame = zstdCompressSync(Buffer.concat(this.#frame), { params });
    for (let at = 0; at < frame.length; ) at += writeSync(this.#fd, frame, at);
    this.#whole.update(frame);
    this.#frames.push(frame.length);
    this.#bytes += frame.length;
    [this.#frame, this.#inFrame] = [[], 0];
  }
}

/** Reads parts of a pack; in the order of their offsets each frame is decompressed once. */
export class PackReader implements Disposable {
  readonly #fd: number;
  readonly #starts: number[] = [];
  readonly #head: PackHead;
  #held: { index: number; content: Buffer } | undefined;

  constructor(path: string, head: PackHead) {
    this.#head = head;
    let at = 0;
    for (const length of head.frames) {
      this.#starts.push(at);
      at += length;
    }
    this.#fd = openSync(path, 'r');
  }

  /** @throws Error when the file is shorter, or a frame is damaged */
  *read(offset: number, size: number): Generator<Buffer, void, undefined> {
    for (let at = offset; at < offset + size; ) {
      const frame = this.#frame(Math.floor(at / frameBytes));
      const from = at % frameBytes;
      const part = frame.subarray(from, from + offset + size - at);
      if (part.length === 0) throw new Error('a pack is shorter than it should be');
      yield part;
      at += part.length;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #frame(index: number): Buffer {
    if (this.#held?.index === index) return this.#held.content;
    const [start, length] = [this.#starts[index], this.#head.frames[index]];
    if (start === undefined || length === undefined) throw new Error('a pack has fewer frames than it should have');
    const compressed = Buffer.alloc(length);
    if (readSync(this.#fd, compressed, 0, length, start) !== length) throw new Error('a pack is cut short');
    const content = zstdDecompressSync(compressed, { maxOutputLength: frameBytes });
    this.#held = { index, content };
    return content;
  }
}
