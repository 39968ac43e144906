/**
 * Frames that no server has committed yet: in memory for replay, and in a file beside the socket so that a server can
 * still read them when the bridge is gone. The file starts with the life's id; lines are frames (bridge-wire.ts).
 */
import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { type FrameHeader, formatFrame } from '@ash-ai/shared/bridge-wire';

/** The header of a frame that must not get lost. */
export type KeptHeader = Extract<FrameHeader, { n: number }>;

/** How often a full disk is tried again, in ms. */
const retryMs = 250;

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
  /** Bytes of the file that are whole lines. */
  #fileBytes = 0;
  /** Lines for which the disk has no room. */
  #unwritten: string[] = [];
  #again: NodeJS.Timeout | undefined;
  /** What all wait for who wait for room. */
  #room: PromiseWithResolvers<void> | undefined;

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
    if (this.#unwritten.length > 0 || !this.#write(line)) this.#writeLater(line);
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
    // What is committed needs no file any more.
    if (this.#kept.length === 0 && (this.#unwritten.length > 0 || this.#fileChars > 1024 * 1024)) {
      this.#unwritten = [];
      this.#restartFile();
    }
    this.#makeRoom();
  }

  /** All frames after `n`, in order. */
  after(n: number): readonly Kept[] {
    return this.#kept.filter((frame) => frame.n > n);
  }

  /** Resolves when there is room for more, in memory and on the disk; at once unless there is none. */
  room(): Promise<void> | undefined {
    if (this.#hasRoom()) return undefined;
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  #hasRoom(): boolean {
    return this.#chars < this.#maxChars && this.#unwritten.length === 0;
  }

  #makeRoom(): void {
    if (!this.#hasRoom()) return;
    this.#room?.resolve();
    this.#room = undefined;
  }

  /** Appends a line whole or not at all; false when the disk is full. */
  #write(line: string): boolean {
    const bytes = Buffer.from(line);
    try {
      for (let at = 0; at < bytes.length; at += writeSync(this.#fd, bytes, at));
      this.#fileBytes += bytes.length;
      return true;
    } catch (cause) {
      ftruncateSync(this.#fd, this.#fileBytes);
      if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT'))
        return false;
      throw cause;
    }
  }

  /** Holds the runtime back until the disk takes it. */
  #writeLater(line: string): void {
    this.#unwritten.push(line);
    this.#again ??= setInterval(() => {
      const left = this.#unwritten.findIndex((waiting) => !this.#write(waiting));
      this.#unwritten = left === -1 ? [] : this.#unwritten.slice(left);
      if (this.#unwritten.length > 0) return;
      clearInterval(this.#again);
      this.#again = undefined;
      this.#makeRoom();
    }, retryMs).unref();
  }

  #restartFile(): void {
    ftruncateSync(this.#fd);
    this.#fileBytes = 0;
    const head = `${JSON.stringify({ life: this.life })}\n`;
    if (!this.#write(head)) this.#writeLater(head);
    this.#fileChars = 0;
  }
}
