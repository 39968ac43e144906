/** The forwarder as a process of its own: what it is given becomes the process, and connections go through it whole. */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { Bench, rest } from './harness.ts';
import { startForwarder } from './start-forwarder.ts';

/** A server on a unix socket, with a forwarder before it. */
async function forwarded(bench: Bench, server: Server): Promise<{ port: number; said: string; pid: number }> {
  const socketPath = await bench.socketPath();
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const forwarder = bench.use(await startForwarder(socketPath));
  bench.use({ [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())) });
  return forwarder;
}

const echo = () => createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));

test('becomes the command, and tells it where the port is', async () => {
  await using bench = new Bench();
  const { port, said } = await forwarded(bench, echo());
  expect(said).toBe(`http://127.0.0.1:${port}`);
});

test('where the port is taken it is another one', async () => {
  await using bench = new Bench();
  const first = await forwarded(bench, echo());
  const second = await forwarded(bench, echo());
  expect(second.port).not.toBe(first.port);
  for (const { port } of [first, second]) {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.end('hello');
    expect((await rest(socket)).toString()).toBe('hello');
  }
});

test('megabytes pass both ways unchanged on many connections at once, and so do their ends', async () => {
  await using bench = new Bench();
  const { port } = await forwarded(bench, echo());
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      const sent = randomBytes(index * 20_000);
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      socket.end(sent);
      expect(digest(await rest(socket))).toBe(digest(sent));
    }),
  );
});

test('a side that reads nothing holds the other one back', async () => {
  await using bench = new Bench();
  const stuck = createServer((socket) => socket.pause());
  const { port } = await forwarded(bench, stuck);
  const client = connect(port, '127.0.0.1');
  // More than sockets and forwarder hold together never gets through.
  const chunk = Buffer.alloc(1024 * 1024);
  let written = 0;
  while (written < 64 * chunk.length && client.write(chunk)) written += chunk.length;
  expect(client.writableLength).toBeGreaterThan(0);
  const gone = once(client, 'close');
  client.destroy();
  await gone;
});

test('a connection that nobody takes is closed, and the next one works', async () => {
  await using bench = new Bench();
  const server = echo();
  const { port } = await forwarded(bench, server);
  server.close();
  const refused = connect(port, '127.0.0.1');
  await once(refused.on('error', () => undefined).resume(), 'close');
  const again = connect(port, '127.0.0.1');
  await once(again.on('error', () => undefined).resume(), 'close');
});
