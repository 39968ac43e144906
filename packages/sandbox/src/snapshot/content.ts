/** The content of open files, in pieces, synchronously. */
import { readSync } from 'node:fs';

const chunkBytes = 1024 * 1024;

/** Exactly `size` bytes from the beginning: a file that became shorter is filled up with zeros. Chunks share one buffer. */
export function* contentOf(fd: number, size: number): Generator<Buffer, void, undefined> {
  const buffer = Buffer.alloc(Math.min(size, chunkBytes));
  for (let at = 0; at < size; ) {
    const wanted = Math.min(buffer.length, size - at);
    let length = readSync(fd, buffer, 0, wanted, at);
    if (length === 0) {
      buffer.fill(0, 0, wanted);
      length = wanted;
    }
    yield buffer.subarray(0, length);
    at += length;
  }
}
