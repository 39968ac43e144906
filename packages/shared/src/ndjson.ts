/** Newline-delimited frames over a byte stream, with a bound on the length of a line. */

/** Thrown when a peer sends a line that is longer than the bound. The connection can't be used afterwards. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/**
 * Cuts chunks of bytes into lines. Feed it chunks in order; it returns the complete lines of each, decoded as UTF-8
 * and without the newline. Empty lines are left out.
 *
 * @param maxBytes longest line accepted, in bytes (default 64 MiB); a longer one throws {@link LineTooLong}
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  #parts: Uint8Array[] = [];
  #length = 0;

  constructor(maxBytes = 64 * 1024 * 1024) {
    this.#maxBytes = maxBytes;
  }

  push(chunk: Uint8Array): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      const line = this.#take(chunk.subarray(start, end));
      if (line !== '') lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
    return lines;
  }

  /** Bytes of the unfinished last line. */
  get pendingBytes(): number {
    return this.#length;
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) throw new LineTooLong(`line longer than ${this.#maxBytes} bytes`);
    this.#parts.push(part.slice());
  }

  #take(last: Uint8Array): string {
    if (this.#parts.length === 0) {
      if (last.length > this.#maxBytes) throw new LineTooLong(`line longer than ${this.#maxBytes} bytes`);
      return this.#decoder.decode(last);
    }
    this.#keep(last);
    const whole = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    this.#parts = [];
    this.#length = 0;
    return this.#decoder.decode(whole);
  }
}
