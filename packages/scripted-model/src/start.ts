// Starts the scripted model: its HTTP servers, and their orderly end.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, ListenOptions } from 'node:net';
import { answer, type ModelRequest } from './answer.ts';
import { errorBody } from './api-error.ts';
import { createAttempts } from './attempts.ts';

/** How the scripted model listens and behaves. */
export interface ScriptedModelOptions {
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Listen also on this unix socket. */
  readonly socketPath?: string;
  /** Answer 401 to requests whose `x-api-key` or bearer token is another one. Default: any key will do. */
  readonly apiKey?: string;
  /** Wait before each delta of steps without `delayMs`, in milliseconds; default 0. */
  readonly deltaDelayMs?: number;
  /** Answer 413 to larger bodies; default 32 MiB. */
  readonly maxBodyBytes?: number;
  /** Called with each request to the Messages API before its key is checked; the answer waits for the promise. */
  readonly onRequest?: (request: ModelRequest) => void | Promise<void>;
}

/** A running scripted model. Disposing it breaks its open connections. */
export interface ScriptedModel extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/**
 * Starts a Messages API that plays the script in the prompt, or a small persona when there is none.
 * @throws the error of `listen`, e.g. EADDRINUSE
 * @example await using model = await startScriptedModel({ apiKey: 'real-key' })
 */
export async function startScriptedModel(options: ScriptedModelOptions = {}): Promise<ScriptedModel> {
  const { host = '127.0.0.1', port = 0, socketPath } = options;
  const closing = new AbortController();
  const attempts = createAttempts();
  const running = new Set<Promise<void>>();

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const left = new AbortController();
    response.once('close', () => left.abort());
    const work = answer(request, response, {
      apiKey: options.apiKey,
      deltaDelayMs: options.deltaDelayMs ?? 0,
      maxBodyBytes: options.maxBodyBytes ?? 32 * 1024 * 1024,
      onRequest: options.onRequest,
      attempts,
      signal: AbortSignal.any([left.signal, closing.signal]),
    }).finally(() => running.delete(work));
    running.add(work);
  }

  const servers: Server[] = [];
  async function close(): Promise<void> {
    closing.abort();
    await Promise.all(servers.map(closeServer));
    await Promise.all(running);
  }

  try {
    servers.push(await listen(onRequest, { host, port }));
    if (socketPath !== undefined) servers.push(await listen(onRequest, { path: socketPath }));
  } catch (cause) {
    await close();
    throw cause;
  }
  const address = servers[0]?.address() as AddressInfo;
  const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  return { url: `http://${authority}:${address.port}`, port: address.port, [Symbol.asyncDispose]: close };
}

async function listen(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  where: ListenOptions,
): Promise<Server> {
  const server = createServer(onRequest);
  server.on('clientError', (error, socket) => {
    if (!socket.writable) return;
    const body = errorBody(400, `Malformed HTTP: ${error.message}`, 'req_none');
    const head = 'HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n';
    socket.end(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  });
  server.listen(where);
  await once(server, 'listening');
  return server;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
