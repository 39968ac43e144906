/** What tests of the egress need: a proxy or gateway on a socket of its own, servers to reach, and a client that speaks raw HTTP. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EgressRecord } from '@ash-ai/shared/egress';
import { EgressJournal } from '../../src/egress/journal.ts';

/** Folders, servers and sockets of one test, all gone at its end. */
export class Bench implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly records: EgressRecord[] = [];
  readonly journal: EgressJournal;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor() {
    this.journal = new EgressJournal({
      keep: (record) => {
        this.records.push(record);
        this.#waiting = this.#waiting.filter(({ count, resolve }) => {
          if (this.records.length < count) return true;
          resolve();
          return false;
        });
      },
    });
  }

  /** Resolves with all records once there are so many. */
  async recorded(count: number): Promise<EgressRecord[]> {
    if (this.records.length < count) {
      await new Promise<void>((resolve) => this.#waiting.push({ count, resolve }));
    }
    return this.records;
  }

  use<T extends AsyncDisposable | Disposable>(thing: T): T {
    return this.#stack.use(thing);
  }

  /** A path for a socket in a folder of its own. */
  async socketPath(name = 'egress.sock'): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'ash-egress-'));
    this.#stack.defer(() => rm(folder, { recursive: true }));
    return join(folder, name);
  }

  /** Listens; its port. */
  async listen(server: Server, host = '127.0.0.1', port = 0): Promise<number> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
    });
    server.listen(port, host);
    await once(server, 'listening');
    this.#stack.defer(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    this.journal[Symbol.dispose]();
  }
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

/** One HTTP request, and the whole answer to it. */
export async function ask(options: RequestOptions, body?: string | Buffer): Promise<Answer> {
  const outgoing = request(options);
  outgoing.end(body);
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() };
}

/** Opens a tunnel by CONNECT; the status line, and the socket behind it. */
export async function tunnel(socketPath: string, authority: string): Promise<{ head: string; socket: Socket }> {
  const socket = connect({ path: socketPath, allowHalfOpen: true });
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n\r\n`);
  let got = Buffer.alloc(0);
  while (!got.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    got = Buffer.concat([got, chunk]);
  }
  socket.pause();
  const end = got.indexOf('\r\n\r\n') + 4;
  if (got.length > end) socket.unshift(got.subarray(end));
  return { head: got.toString('latin1'), socket };
}

/** Everything that comes until the end. */
export async function rest(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
