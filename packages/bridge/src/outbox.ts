/**
 * What leaves the bridge: numbered frames that are kept until their ack, and previews of the message in the making,
 * which are kept as long as it isn't there. A server that attaches gets what it hasn't seen of both.
 */
import type { Socket } from 'node:net';
import { type FrameHeader, formatFrame } from '@ash-ai/shared/bridge-wire';
import type { Spool } from './spool.ts';

/** How much of a run of previews is kept for a server that attaches later, in characters. */
const maxRunChars = 8 * 1024 * 1024;
/** How much may wait in the socket before the runtime is held back, in bytes. */
const maxSocketBytes = 4 * 1024 * 1024;

export class Outbox {
  readonly #spool: Spool;
  #socket: Socket | undefined;
  #run: string[] = [];
  #runChars = 0;
  #index = 0;

  constructor(spool: Spool) {
    this.#spool = spool;
  }

  /** Sends to this socket from now on, starting with everything after frame `n`. */
  attach(socket: Socket, n: number): void {
    this.#socket = socket;
    for (const line of this.#spool.after(n)) socket.write(line);
    for (const line of this.#run) socket.write(line);
  }

  detach(socket: Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
  }

  get attached(): boolean {
    return this.#socket !== undefined;
  }

  /** A frame that must not get lost. */
  keep(kind: 'message' | 'turn_end', turnId: string | null, payload: string): void {
    const n = this.#spool.lastN + 1;
    const header = kind === 'turn_end' ? ({ kind, n, turnId: turnId ?? '' } as const) : ({ kind, n, turnId } as const);
    this.#run = [];
    this.#runChars = 0;
    this.#index = 0;
    const line = this.#spool.add(header, payload);
    this.#socket?.write(line);
  }

  /** A token-level fragment: it follows the last kept frame, and the next one takes its place. */
  preview(turnId: string, payload: string): void {
    this.#index += 1;
    const line = formatFrame({ kind: 'preview', after: this.#spool.lastN, index: this.#index, turnId }, payload);
    this.#runChars += line.length;
    if (this.#runChars <= maxRunChars) this.#run.push(line);
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
