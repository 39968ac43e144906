/**
 * What leaves the bridge: numbered frames that are kept until their ack, and previews, which are kept until the frame
 * that takes their place is acked. So a server that attaches gets what it hasn't committed, as it came.
 */
import type { Socket } from 'node:net';
import { type FrameHeader, formatFrame } from '@ash-ai/shared/bridge-wire';
import type { Spool } from './spool.ts';

/** How much is kept of previews for a server that attaches later, in characters. */
const maxPreviewChars = 8 * 1024 * 1024;
/** How much may wait in the socket before the runtime is held back, in bytes. */
const maxSocketBytes = 4 * 1024 * 1024;

export class Outbox {
  readonly #spool: Spool;
  #socket: Socket | undefined;
  #previews: { after: number; line: string }[] = [];
  #previewChars = 0;
  #index = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Sends to this socket from now on, starting with everything after frame `n`. */
  attach(socket: Socket, n: number): void {
    this.#socket = socket;
    let next = 0;
    const previewsUpTo = (frameN: number): void => {
      for (let kept = this.#previews[next]; kept !== undefined && kept.after <= frameN; kept = this.#previews[next]) {
        if (kept.after >= n) socket.write(kept.line);
        next += 1;
      }
    };
    for (const frame of this.#spool.after(n)) {
      previewsUpTo(frame.n - 1);
      socket.write(frame.line);
    }
    previewsUpTo(this.#spool.lastN);
  }

  /** Everything up to frame `n` is committed: forgets it, and the previews that it took the place of. */
  ack(n: number): void {
    this.#spool.ack(n);
    const gone = this.#previews.findIndex((kept) => kept.after >= n);
    for (const { line } of this.#previews.splice(0, gone === -1 ? this.#previews.length : gone)) {
      this.#previewChars -= line.length;
    }
  }

  detach(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
  }

  /** A frame that must not get lost. */
  keep(kind: 'message' | 'turn_end', turnId: string | null, payload: string): void {
    const n = this.#spool.lastN + 1;
    const header = kind === 'turn_end' ? ({ kind, n, turnId: turnId ?? '' } as const) : ({ kind, n, turnId } as const);
    this.#index = 0;
    const line = this.#spool.add(header, payload);
    this.#socket?.write(line);
  }

  /** A token-level fragment: it follows the last kept frame, and the next one takes its place. */
  preview(turnId: string, payload: string): void {
    this.#index += 1;
    const after = this.#spool.lastN;
    const line = formatFrame({ kind: 'preview', after, index: this.#index, turnId }, payload);
    if (this.#previewChars + line.length <= maxPreviewChars) {
      this.#previews.push({ after, line });
      this.#previewChars += line.length;
    }
    this.#socket?.write(line);
  }

  /** A frame that only whoever is attached now needs. */
  tell(header: FrameHeader): void {
    this.#socket?.write(formatFrame(header));
  }

  /** Resolves when more may be sent; undefined when that is now. With no server attached only the spool's bound counts. */
  room(): Promise<unknown> | undefined {
    const socket = this.#socket;
    if (socket === undefined || socket.writableLength < maxSocketBytes) return this.#spool.room();
    return new Promise<void>((resolve) => {
      const done = (): void => {
        socket.off('drain', done).off('close', done);
        resolve();
      };
      socket.on('drain', done).on('close', done);
    });
  }
}
