/** The newest entries of a log, within a number and a size; the index counts on. */
import { execLimits, type SandboxLog } from '@ash-ai/shared/contract';

/** In characters, all entries together. */
const maxChars = 2 * 1024 * 1024;

export class Ring {
  #entries: SandboxLog[] = [];
  /** Where the oldest one that counts is in `#entries`; those before it are cleared away now and then. */
  #start = 0;
  #next = 0;
  #chars = 0;
  readonly #limits: { entries: number; chars: number };

  constructor(limits = { entries: execLimits.logEntries as number, chars: maxChars }) {
    this.#limits = limits;
  }

  add(level: SandboxLog['level'], text: string): void {
    this.#entries.push({ index: this.#next++, level, text, ts: new Date().toISOString() });
    this.#chars += text.length;
    while (this.#entries.length - this.#start > this.#limits.entries || this.#chars > this.#limits.chars) {
      this.#chars -= this.#entries[this.#start]?.text.length ?? 0;
      this.#start += 1;
    }
    if (this.#start > 1000 && this.#start > this.#entries.length / 2) {
      this.#entries = this.#entries.slice(this.#start);
      this.#start = 0;
    }
  }

  /** Those with an index above `index`, oldest first. */
  after(index: number): SandboxLog[] {
    const oldest = this.#entries[this.#start]?.index ?? this.#next;
    return this.#entries.slice(this.#start + Math.max(0, index + 1 - oldest));
  }
}
