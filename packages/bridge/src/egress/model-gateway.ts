/**
 * The model gateway: an HTTP server on the session's unix socket, the only way out of the wall. It drops whatever
 * credentials a call carries, puts the real ones in, and passes the call on to the model API.
 */

import { chmodSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ModelUpstream } from '@ash-ai/shared/bridge-wire';

/** Headers of a call that are never passed on: credentials, and what belongs to one hop only. */
const dropped = new Set([
  'authorization',
  'x-api-key',
  'cookie',
  'proxy-authorization',
  'host',
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
]);

/** Serves model calls on `socketPath` until disposed. */
export class ModelGateway implements AsyncDisposable {
  #upstream: ModelUpstream | undefined;
  #unreachable: string | undefined;
  readonly #server = createServer((call, answer) => this.#pass(call, answer));

  /** Where calls go from now on. */
  use(upstream: ModelUpstream): void {
    this.#upstream = upstream;
  }

  /** Why the model API could not be reached at the last call; undefined when it was reached. */
  get unreachable(): string | undefined {
    return this.#unreachable;
  }

  async listen(socketPath: string): Promise<void> {
    rmSync(socketPath, { force: true });
    this.#server.requestTimeout = 0;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(socketPath, resolve);
    });
    // The folder decides who gets here: only the inside of this session's wall.
    chmodSync(socketPath, 0o666);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #pass(call: IncomingMessage, answer: ServerResponse): void {
    const upstream = this.#upstream;
    if (upstream === undefined) refuse(answer, 503, 'the model gateway has no upstream yet');
    else if (!call.url?.startsWith('/v1/')) refuse(answer, 403, 'only the model API (/v1/…) is reachable from here');
    else {
      try {
        this.#forward(call, answer, upstream, new URL(upstream.baseUrl + call.url));
      } catch (cause) {
        this.#fail(answer, cause);
      }
    }
  }

  #forward(call: IncomingMessage, answer: ServerResponse, upstream: ModelUpstream, url: URL): void {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const outgoing = send(url, { method: call.method, headers: { ...passedOn(call), ...upstream.headers } });
    outgoing.once('response', (response) => {
      this.#unreachable = undefined;
      answer.writeHead(response.statusCode ?? 502, response.statusMessage, responseHeaders(response));
      response.pipe(answer);
      // An answer that breaks off upstream must break off here too, not look complete.
      response.once('error', () => answer.destroy());
      response.once('close', () => {
        if (!response.complete) answer.destroy();
      });
    });
    outgoing.once('error', (cause) => (answer.headersSent ? answer.destroy() : this.#fail(answer, cause)));
    answer.once('close', () => outgoing.destroy());
    call.pipe(outgoing);
  }

  #fail(answer: ServerResponse, cause: unknown): void {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    this.#unreachable = code;
    refuse(answer, 502, `the model API can't be reached: ${code}`);
  }
}

function passedOn(call: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(call.headers)) {
    if (value !== undefined && !dropped.has(name)) headers[name] = value;
  }
  return headers;
}

function responseHeaders(response: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (value !== undefined && !dropped.has(name) && name !== 'set-cookie') headers[name] = value;
  }
  // A refused key won't be accepted at the tenth try either; the runtime would spend three minutes finding out.
  if (response.statusCode === 401 || response.statusCode === 403) headers['x-should-retry'] = 'false';
  return headers;
}

function refuse(answer: ServerResponse, status: number, message: string): void {
  const type = status === 403 ? 'permission_error' : 'api_error';
  answer.writeHead(status, { 'content-type': 'application/json' });
  answer.end(JSON.stringify({ type: 'error', error: { type, message: `Ash: ${message}` } }));
}
