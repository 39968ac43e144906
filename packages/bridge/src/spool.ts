/**
 * Frames that no server has committed yet: in memory for replay, and in a file beside the socket so that a server can
 * still read them when the bridge is gone. The file starts with the life's id; lines are frames (bridge-wire.ts).
 */
import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { type FrameHeader, formatFrame } from '@ash-ai/shared/bridge-wire';

/** The header of a frame that must not get lost. */
export type KeptHeader = Extract<FrameHeader, { n: number }>;

interface Kept {
  n: number;
  line: string;
}

/** Numbers, keeps and forgets the frames of one bridge life. */
export class Spool {
  readonly life: string;
  readonly #fd: number;
  readonly #maxChars: number;
  #kept: Kept[] = [];
  #chars = 0;
  #fileChars = 0;
  #lastN = 0;
  #room: (() => void) | undefined;

  /** @param maxChars how much may wait for its ack before {@link room} holds the runtime back (default 64 Mi) */
  constructor(path: string, life: string, maxChars = 64 * 1024 * 1024) {
    this.life = life;
    this.#maxChars = maxChars;
    this.#fd = openSync(path, 'a', 0o600);
    this.#restartFile();
  }

  get lastN(): number {
    return this.#lastN;
  }

  get pending(): number {
    return this.#kept.length;
  }

  /** Numbers a frame and keeps it until its ack. Returns its line. */
  add(header: KeptHeader, payload: string): string {
    this.#lastN = header.n;
    const line = formatFrame(header, payload);
    // Written before it is sent: what a server may have seen is on file. No fsync, as only a crash of the machine
    // would lose it, and that ends the turn as well.
    writeSync(this.#fd, line);
    this.#kept.push({ n: header.n, line });
    this.#chars += line.length;
    this.#fileChars += line.length;
    return line;
  }

  /** Forgets everything up to frame `n`. */
  ack(n: number): void {
    let gone = 0;
    for (const frame of this.#kept) {
      if (frame.n > n) break;
      this.#chars -= frame.line.length;
      gone += 1;
    }
    if (gone > 0) this.#kept.splice(0, gone);
    if (this.#kept.length === 0 && this.#fileChars > 1024 * 1024) this.#restartFile();
    if (this.#chars < this.#maxChars) {
      this.#room?.();
      this.#room = undefined;
    }
  }

  /** All frames after `n`, in order. */
  after(n: number): readonly Kept[] {
    return this.#kept.filter((frame) => frame.n > n);
  }

  /** Resolves when there is room for more; at once unless the bound is reached. */
  room(): Promise<void> | undefined {
    if (this.#chars < this.#maxChars) return undefined;
    return new Promise((resolve) => {
      this.#room = resolve;
    });
  }

  #restartFile(): void {
    ftruncateSync(this.#fd);
    writeSync(this.#fd, `${JSON.stringify({ life: this.life })}\n`);
    this.#fileChars = 0;
  }
}
