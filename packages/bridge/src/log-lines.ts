/** Cuts what a process says into lines for the log: bounded in length and in rate, so that a flood of it is no flood of ours. */
import { StringDecoder } from 'node:string_decoder';

/** Longest line, in characters; more of it is cut off. */
const maxLineChars = 8_192;
/** So many lines at once, and so many a second in the long run. */
const burst = 2_000;
const perSecond = 200;

export class LogLines {
  readonly #decoder = new StringDecoder('utf8');
  readonly #take: (line: string) => void;
  readonly #now: () => number;
  #rest = '';
  #left = burst;
  #filledAt: number;
  #dropped = 0;

  /** @param take gets the lines; @param now the clock, in ms */
  constructor(take: (line: string) => void, now: () => number = () => performance.now()) {
    this.#take = take;
    this.#now = now;
    this.#filledAt = now();
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + this.#decoder.write(chunk)).split(/\r?\n/);
    const last = lines.pop() ?? '';
    for (const line of lines) this.#line(line);
    // One that has been cut off is kept full, so that its end isn't taken for a line.
    this.#rest = last.slice(0, maxLineChars + 1);
  }

  /** Gives out what is left without the end of a line. */
  end(): void {
    if (this.#rest !== '') this.#line(this.#rest);
    this.#rest = '';
  }

  #line(line: string): void {
    const now = this.#now();
    this.#left = Math.min(burst, this.#left + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    if (this.#left < 1) {
      this.#dropped += 1;
      return;
    }
    if (this.#dropped > 0) {
      this.#take(`… ${this.#dropped} lines left out`);
      this.#dropped = 0;
    }
    this.#left -= 1;
    this.#take(line.length <= maxLineChars ? line : `${line.slice(0, maxLineChars)}…`);
  }
}
