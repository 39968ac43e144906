/** A server on a free port of the loopback interface, and clients of it. */
import { connect, type Socket } from 'node:net';
import { readSse, type SseEvent } from '@ash-ai/shared';
import { type HttpServer, type ServeOptions, serveHttp } from '../../src/http/serve.ts';
import { key } from './rooms.ts';

/** Serves the rooms; dispose it. */
export function serve(options: Omit<ServeOptions, 'host' | 'port'>): Promise<HttpServer> {
  return serveHttp({ host: '127.0.0.1', port: 0, ...options });
}

/** A request with the test's key; a body is sent as JSON. */
export function call(
  server: HttpServer,
  method: string,
  path: string,
  given: { body?: unknown; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> {
  const { body, headers, signal } = given;
  return fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
}

/** What a socket is answered until it closes. */
export async function raw(server: HttpServer, text: string): Promise<string> {
  const socket = socketTo(server);
  socket.write(text);
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
  return answer;
}

export function socketTo(server: HttpServer): Socket {
  return connect(server.port, '127.0.0.1');
}

/** The events of a stream, from its beginning to its end. */
export async function eventsOf(response: Response): Promise<SseEvent[]> {
  if (response.body === null) throw new Error('no body');
  return await Array.fromAsync(readSse(response.body));
}
