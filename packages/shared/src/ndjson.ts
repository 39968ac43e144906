/** Newline-delimited frames over a byte stream, with a bound on the length of a line. */

/** Thrown when a peer sends a line that is longer than the bound. The connection can't be used afterwards. */
export class LineTooLong extends Error {
  override readonly name = 'LineTooLong';
}

/** How much room of a finished line is used again, in bytes. */
const keptBytes = 64 * 1024;

/**
 * Cuts chunks of bytes into lines. Feed it chunks in order; it returns the complete lines of each, decoded as UTF-8
 * and without the newline. Empty lines are left out.
 *
 * @param maxBytes longest line accepted, in bytes (default 64 MiB); a longer one throws {@link LineTooLong}
 */
export class LineSplitter {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  /** The unfinished last line; it grows by doubling, so that a line that trickles in costs no more than its length. */
  #pending = new Uint8Array(0);
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
    const length = this.#length + part.length;
    if (length > this.#maxBytes) throw new LineTooLong(`line longer than ${this.#maxBytes} bytes`);
    if (length > this.#pending.length) {
      const larger = new Uint8Array(Math.min(this.#maxBytes, Math.max(1024, 2 * length)));
      larger.set(this.#pending.subarray(0, this.#length));
      this.#pending = larger;
    }
    this.#pending.set(part, this.#length);
    this.#length = length;
  }

  #take(last: Uint8Array): string {
    if (this.#length === 0) {
      if (last.length > this.#maxBytes) throw new LineTooLong(`line longer than ${this.#maxBytes} bytes`);
      return this.#decoder.decode(last);
    }
    this.#keep(last);
    const line = this.#decoder.decode(this.#pending.subarray(0, this.#length));
    this.#length = 0;
    // What a long line needed isn't kept for the short ones after it.
    if (this.#pending.length > keptBytes) this.#pending = new Uint8Array(0);
    return line;
  }
}
