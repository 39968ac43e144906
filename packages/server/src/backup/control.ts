/**
 * A socket in the data folder by which programs of the same user ask the running server for what can't be done beside it.
 * Who may open the file (mode 0600) may ask; nothing of it is reachable from the network.
 */
import { chmod, open, rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';

const socketName = 'control.sock';
const maxRequestChars = 1_000_000_000;

export interface ControlRequest {
  ask: 'snapshots';
  sessionIds: string[];
}

/** Lines of an answer: one for each session that is done, then the end. */
export type ControlLine = { done: string } | { missed: string[] } | { failed: string };

/** @param takeAll takes snapshots, and answers of which sessions it could not */
export async function serveControl(
  dataDir: string,
  logger: Logger,
  takeAll: (sessionIds: readonly string[], told: (sessionId: string) => void) => Promise<string[]>,
): Promise<AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    const say = (line: ControlLine) => void (socket.writable && socket.write(`${JSON.stringify(line)}\n`));
    void lineOf(socket)
      .then(async (text) => {
        const { ask, sessionIds } = JSON.parse(text) as ControlRequest;
        if (ask !== 'snapshots') throw new Error(`not known: ${ask}`);
        say({ missed: await takeAll(sessionIds, (done) => say({ done })) });
      })
      .catch((err: unknown) => {
        logger.warn({ err }, 'a request over the control socket failed');
        say({ failed: err instanceof Error ? err.message : String(err) });
      })
      .finally(() => socket.end());
  });
  // A path through the folder's descriptor is short enough for a socket, whatever the folder's own is.
  const folder = await open(dataDir, 'r');
  const path = `/proc/self/fd/${folder.fd}/${socketName}`;
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path, readableAll: false, writableAll: false }, resolve);
  });
  await chmod(path, 0o600);
  server.unref();
  return {
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await rm(join(dataDir, socketName), { force: true });
      await folder.close();
    },
  };
}

/** Asks the server of a data folder; undefined when none runs there. */
export async function askControl(
  dataDir: string,
  request: ControlRequest,
  told: (sessionId: string) => void,
): Promise<{ missed: string[] } | undefined> {
  const folder = await open(dataDir, 'r');
  try {
    const socket = connect(`/proc/self/fd/${folder.fd}/${socketName}`);
    const there = await new Promise<boolean>((resolve, reject) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', (cause: NodeJS.ErrnoException) =>
        cause.code === 'ENOENT' || cause.code === 'ECONNREFUSED' ? resolve(false) : reject(cause),
      );
    });
    if (!there) return undefined;
    socket.write(`${JSON.stringify(request)}\n`);
    for await (const text of createInterface({ input: socket })) {
      const line = JSON.parse(text) as ControlLine;
      if ('failed' in line) throw new Error(line.failed);
      if ('missed' in line) return line;
      told(line.done);
    }
    throw new Error('the server ended before it had answered');
  } finally {
    await folder.close();
  }
}

/** The first line. Not by iterating: that would close the socket, and the answer with it. */
function lineOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('\n')) resolve(text);
      else if (text.length > maxRequestChars) reject(new Error('the request is too long'));
    });
    socket.once('end', () => reject(new Error('the request is cut short')));
  });
}
