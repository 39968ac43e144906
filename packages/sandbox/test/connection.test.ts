/** The server's end of a bridge's socket, against peers that are none: garbage, floods and stalls end the connection and nothing else. */
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineTooLong } from '@ash-ai/shared';
import { type Frame, formatFrame, MalformedFrame, maxFrameBytes } from '@ash-ai/shared/bridge-wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BridgeConnection } from '../src/connection.ts';
import { LeaseLost } from '../src/runner.ts';
import { readSpool } from '../src/spool-file.ts';

const none = { epoch: 1, committed: { life: null, n: 0 } };
const attached = formatFrame({ kind: 'attached', life: 'a', lastN: 0, turnId: null, running: false, runtimeKey: null });

/** A folder with a socket in it, at which this answers. */
async function peer(speak: (socket: Socket) => void): Promise<AsyncDisposable & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-peer-'));
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    speak(socket);
  });
  server.listen(join(folder, 'bridge.sock'));
  await once(server, 'listening');
  return {
    folder,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** All that is read from a peer that writes these pieces and ends, and what came of it. */
async function readAll(pieces: readonly (Buffer | string)[]): Promise<{ frames: Frame[]; failure: unknown }> {
  const frames: Frame[] = [];
  await using there = await peer((socket) => {
    for (const piece of pieces) socket.write(piece);
    socket.end();
  });
  try {
    const connection = await BridgeConnection.attach(there.folder, none, new AbortController().signal);
    for await (const batch of connection.frames()) frames.push(...batch);
    return { frames, failure: undefined };
  } catch (failure) {
    return { frames, failure };
  }
}

const frame = fc
  .record({ n: fc.nat(), text: fc.jsonValue() })
  .map(({ n, text }) => formatFrame({ kind: 'message', n, turnId: 't' }, JSON.stringify(text)));
const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
  fc.jsonValue().map((value) => Buffer.from(`${JSON.stringify(value)}\n`)),
);

test('frames before the first garbage arrive, and the garbage is what it is said to be', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(frame, { maxLength: 6 }),
      garbage,
      fc.array(frame, { maxLength: 3 }),
      async (before, rubbish, after) => {
        const { frames, failure } = await readAll([attached, ...before, rubbish, '\n', ...after]);
        expect(failure === undefined || failure instanceof MalformedFrame).toBe(true);
        for (const { header } of frames) expect(typeof header.kind).toBe('string');
        // Garbage that has no end of a line but its own, and is none, spoils no other line.
        const texts = frames.map(({ header, payload }) => formatFrame(header, payload));
        if (failure === undefined) expect(texts).toEqual(expect.arrayContaining(after));
        else expect(before.slice(0, texts.length)).toEqual(texts);
      },
    ),
    { numRuns: 60 },
  );
});

test('a line without an end is given up at its bound', async () => {
  const piece = Buffer.alloc(8 * 1024 * 1024, 'x');
  const pieces = Array.from({ length: maxFrameBytes / piece.length + 1 }, () => piece);
  expect((await readAll([attached, ...pieces])).failure).toBeInstanceOf(LineTooLong);
});

test.each([
  ['says nothing and hangs up', [], 'did not answer'],
  ['says something else first', [formatFrame({ kind: 'ready' })], 'did not answer'],
  ['is no bridge', ['HTTP/1.1 400 Bad Request\r\n\r\n'], 'no payload'],
])('a peer that %s', async (_what, pieces, words) => {
  expect(String((await readAll(pieces)).failure)).toContain(words);
});

test('a peer with a later server', async () => {
  expect((await readAll([formatFrame({ kind: 'superseded', epoch: 2 })])).failure).toBeInstanceOf(LeaseLost);
  expect((await readAll([attached, formatFrame({ kind: 'superseded', epoch: 2 })])).failure).toBeInstanceOf(LeaseLost);
});

test('a spool of garbage is told from one that is there and from none', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ash-spool-'));
  const known = { life: null, n: 0 };
  try {
    expect(await readSpool(folder, known)).toBeUndefined();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), fc.boolean(), async (bytes, begins) => {
        const rubbish = Buffer.from(bytes);
        await writeFile(
          join(folder, 'spool'),
          begins ? Buffer.concat([Buffer.from('{"life":"a"}\n'), rubbish]) : rubbish,
        );
        try {
          const read = await readSpool(folder, known);
          expect(read === undefined || typeof read.life === 'string').toBe(true);
        } catch (cause) {
          if (!(cause instanceof MalformedFrame)) throw cause;
        }
      }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
});
