/** A connection to a bridge: lines out, batches of frames in. What comes in is bounded and checked. */

import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { LineSplitter } from '@ash-ai/shared';
import {
  type BridgeCommand,
  type Frame,
  type FrameHeader,
  maxFrameBytes,
  parseFrame,
} from '@ash-ai/shared/bridge-wire';
import { type Attachment, LeaseLost } from './runner.ts';

/** How long a bridge may take to answer an attach, in ms. */
const answerMs = 10_000;

type Attached = FrameHeader & { kind: 'attached' };

/** An attached connection. */
export class BridgeConnection {
  readonly attached: Attached;
  readonly #socket: Socket;
  readonly #batches: AsyncGenerator<Frame[], void, undefined>;
  #first: Frame[];

  private constructor(
    socket: Socket,
    batches: AsyncGenerator<Frame[], void, undefined>,
    attached: Attached,
    rest: Frame[],
  ) {
    this.#socket = socket;
    this.#batches = batches;
    this.attached = attached;
    this.#first = rest;
  }

  /**
   * Connects to the socket `bridge.sock` in a folder and attaches.
   * @param closing gives up waiting for its answer
   * @throws LeaseLost when a higher epoch is attached; the error of the socket when nobody listens
   */
  static async attach(
    folder: string,
    { epoch, committed }: Attachment,
    closing: AbortSignal,
  ): Promise<BridgeConnection> {
    const socket = await connectIn(folder);
    const batches = frameBatches(socket);
    const giveUp = (): void => void socket.destroy();
    // A bridge that is stopped accepts connections, but says nothing.
    const silent = setTimeout(giveUp, answerMs);
    closing.addEventListener('abort', giveUp);
    try {
      send(socket, { cmd: 'attach', epoch, life: committed.life, afterN: committed.n });
      const { value: batch } = await batches.next();
      const first = batch?.[0];
      if (first?.header.kind === 'superseded') throw new LeaseLost('another server holds the session');
      if (batch === undefined || first?.header.kind !== 'attached')
        throw new Error('the bridge did not answer to attach');
      return new BridgeConnection(socket, batches, first.header, batch.slice(1));
    } catch (cause) {
      socket.destroy();
      throw cause;
    } finally {
      clearTimeout(silent);
      closing.removeEventListener('abort', giveUp);
    }
  }

  send(command: BridgeCommand): void {
    if (this.#socket.writable) send(this.#socket, command);
  }

  /** Batches of frames as they come; ends with the connection. @throws LeaseLost, MalformedFrame */
  async *frames(): AsyncGenerator<Frame[], void, undefined> {
    const first = this.#first;
    this.#first = [];
    if (first.length > 0) yield refuseSuperseded(first);
    for await (const batch of this.#batches) yield refuseSuperseded(batch);
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function send(socket: Socket, command: BridgeCommand): void {
  socket.write(`${JSON.stringify(command)}\n`);
}

function refuseSuperseded(batch: Frame[]): Frame[] {
  if (batch.some((frame) => frame.header.kind === 'superseded'))
    throw new LeaseLost('another server holds the session');
  return batch;
}

/** By way of a descriptor of the folder, as a socket's path may have 108 bytes only. */
async function connectIn(folder: string): Promise<Socket> {
  const handle = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return await new Promise((resolve, reject) => {
      const socket = connect(`/proc/self/fd/${handle.fd}/bridge.sock`);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(socket);
      });
    });
  } finally {
    await handle.close();
  }
}

async function* frameBatches(socket: Socket): AsyncGenerator<Frame[], void, undefined> {
  const lines = new LineSplitter(maxFrameBytes);
  try {
    for await (const chunk of socket) {
      const frames = lines.push(chunk as Buffer).map(parseFrame);
      if (frames.length > 0) yield frames;
    }
  } catch (cause) {
    // A connection that breaks is one that has ended; anything else is for the reader.
    if (!(cause instanceof Error && 'code' in cause && typeof cause.code === 'string')) throw cause;
  } finally {
    socket.destroy();
  }
}
