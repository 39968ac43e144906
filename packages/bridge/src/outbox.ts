/**
 * What leaves the bridge: numbered frames that are kept until their ack, and previews, which are kept until the frame
 * that takes their place is acked. So a server that attaches gets what it hasn't committed, as it came.
 */
import type { Socket } from 'node:net';
import { type FrameHeader, formatFrame, maxPayloadBytes } from '@ash-ai/shared/bridge-wire';
import type { KeptHeader, Spool } from './spool.ts';

/** How much is kept of previews for a server that attaches later, in characters. */
const maxPreviewChars = 8 * 1024 * 1024;
/** How much may wait in the socket before the runtime is held back, in bytes. */
const maxSocketBytes = 4 * 1024 * 1024;

type Unnumbered<H> = H extends { n: number } ? Omit<H, 'n'> : never;
/** The header of a frame that must not get lost, before it has a number. */
export type KeptFrame = Unnumbered<KeptHeader>;

/** Thrown for what no server could read: it would break every connection on which it is sent. */
export class PayloadTooLong extends Error {
  override readonly name = 'PayloadTooLong';
}

export class Outbox {
  readonly #spool: Spool;
  #socket: Socket | undefined;
  #previews: { after: number; line: string }[] = [];
  #previewChars = 0;
  #index = 0;
  /** Frames that a run of previews may follow and that aren't acked, the last one that is included. */
  #runs: number[] = [0];

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Sends to this socket from now on, starting with everything after frame `n`. */
  attach(socket: Socket, n: number): void {
    this.#socket = socket;
    let next = 0;
    const run = this.#runs.findLast((start) => start <= n) ?? 0;
    const previewsUpTo = (frameN: number): void => {
      for (let kept = this.#previews[next]; kept !== undefined && kept.after <= frameN; kept = this.#previews[next]) {
        if (kept.after >= run) socket.write(kept.line);
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
    while ((this.#runs[1] ?? Number.POSITIVE_INFINITY) <= n) this.#runs.shift();
    const [run = 0] = this.#runs;
    const gone = this.#previews.findIndex((kept) => kept.after >= run);
    for (const { line } of this.#previews.splice(0, gone === -1 ? this.#previews.length : gone)) {
      this.#previewChars -= line.length;
    }
  }

  detach(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
  }

  /** A frame that must not get lost. @throws PayloadTooLong */
  keep(frame: KeptFrame, payload: string): void {
    refuseTooLong(payload);
    const n = this.#spool.lastN + 1;
    const header: KeptHeader = { ...frame, n };
    // What leaves the sandbox or is answered is no part of the conversation: previews go on over it.
    if (frame.kind !== 'egress' && frame.kind !== 'answer_taken') {
      this.#index = 0;
      this.#runs.push(n);
    }
    this.#send(this.#spool.add(header, payload));
  }

  /** A token-level fragment: it follows the last kept frame, and the next one takes its place. @throws PayloadTooLong */
  preview(turnId: string, payload: string): void {
    refuseTooLong(payload);
    this.#index += 1;
    const after = this.#runs.at(-1) ?? 0;
    const line = formatFrame({ kind: 'preview', after, index: this.#index, turnId }, payload);
    if (this.#previewChars + line.length <= maxPreviewChars) {
      this.#previews.push({ after, line });
      this.#previewChars += line.length;
    }
    this.#send(line);
  }

  /** A frame that only whoever is attached now needs. */
  tell(header: FrameHeader, payload?: string): void {
    this.#socket?.write(formatFrame(header, payload));
  }

  /** A line for the sandbox's log; left out when nobody takes it. */
  log(text: string): void {
    const socket = this.#socket;
    if (socket === undefined || socket.writableLength >= maxSocketBytes) return;
    socket.write(formatFrame({ kind: 'log', level: 'stderr' }, JSON.stringify(text)));
  }

  /** What the runtime says at once leaves in one write: each by itself cost a system call, and woke the server. */
  #send(line: string): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    if (socket.writableCorked === 0) {
      socket.cork();
      // Runs when no promise job is left: after everything that is there now, before anything that is still to come.
      process.nextTick(() => socket.uncork());
    }
    socket.write(line);
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

/** What the runtime wrote may be longer once it is written again: `1e20` becomes 21 digits. */
function refuseTooLong(payload: string): void {
  if (payload.length * 3 <= maxPayloadBytes || Buffer.byteLength(payload) <= maxPayloadBytes) return;
  throw new PayloadTooLong(`a message of the runtime is longer than ${maxPayloadBytes} bytes`);
}
