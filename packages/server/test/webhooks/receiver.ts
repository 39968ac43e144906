/** A receiver of webhooks: a real HTTP server that keeps what it got and answers as the test says. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Received {
  headers: IncomingMessage['headers'];
  body: string;
  /** The body as JSON. */
  event: { type: string; timestamp: string; data: Record<string, unknown> };
}

export class Receiver implements AsyncDisposable {
  readonly got: Received[] = [];
  /** Answers a request; default: 204. */
  answer: (received: Received, response: ServerResponse) => void | Promise<void> = (_received, response) => {
    response.writeHead(204).end();
  };
  readonly #server: ReturnType<typeof createServer>;
  readonly #secure: boolean;
  readonly #waiting = new Set<() => void>();

  private constructor(tls: { key: string; cert: string } | undefined) {
    const listener: RequestListener = (request, response) => void this.#receive(request, response);
    this.#secure = tls !== undefined;
    this.#server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  }

  /** @param port default: a free one. @param tls makes it an https server */
  static async start({
    port = 0,
    tls,
  }: {
    port?: number;
    tls?: { key: string; cert: string };
  } = {}): Promise<Receiver> {
    const receiver = new Receiver(tls);
    await once(receiver.#server.listen(port, '127.0.0.1'), 'listening');
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `${this.#secure ? 'https' : 'http'}://127.0.0.1:${this.port}/hooks?a=b`;
  }

  /** Ids of the events, each once, in the order of their first coming. */
  get ids(): string[] {
    return [...new Set(this.got.map(({ headers }) => String(headers['webhook-id'])))];
  }

  /** Resolves when what it got is as wanted. */
  async until(wanted: (got: readonly Received[]) => boolean): Promise<void> {
    while (!wanted(this.got)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting.add(resolve);
      await promise;
      this.#waiting.delete(resolve);
    }
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request).catch(() => undefined);
    // Cut while it was being sent.
    if (body === undefined) return;
    const received = { headers: request.headers, body, event: JSON.parse(body) as Received['event'] };
    this.got.push(received);
    for (const wake of this.#waiting) wake();
    await this.answer(received, response);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }
}
