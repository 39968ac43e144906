/**
 * The model gateway: an HTTP server on the session's unix socket, the way of model calls out of the wall. It drops whatever
 * credentials a call carries, holds it against the ceilings, puts the real credentials in, passes the call on to the model
 * API, and meters what comes back as it streams past.
 */
import { chmodSync, rmSync } from 'node:fs';
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ErrorCode } from '@ash-ai/shared';
import type { ModelLimits, ModelUpstream } from '@ash-ai/shared/bridge-wire';
import { breakOff } from './break-off.ts';
import { codeOf } from './gate.ts';
import { endToEnd, type PassedHeaders } from './headers.ts';
import { type EgressJournal, timesSince } from './journal.ts';
import { ModelCeilings } from './model-ceilings.ts';
import { ModelMeter } from './model-meter.ts';
import { costOf } from './model-prices.ts';
import { refuse, stop } from './model-refusal.ts';
import { readModelRequest } from './model-request.ts';
import { UpstreamAgents } from './plain.ts';
import { Redaction } from './redact.ts';
import { rootCertificates } from './trust.ts';

/** A failure of a model call that the runtime only knows by its status. */
export interface GatewayFailure {
  code: ErrorCode;
  error: string;
}

export interface ModelGatewayOptions {
  /** Default: nothing is written down. */
  journal?: Pick<EgressJournal, 'write'>;
  /** Largest body of a call. Default 32 MiB, as the API has it. */
  maxBodyBytes?: number;
  /** How long the head of a call may take, in ms. Default 30 seconds. */
  headersMs?: number;
  now?: () => number;
}

/** What is reachable of the model API. The rest (files, batches, administration) belongs to whoever owns the key, not to a session. */
const routes: readonly RegExp[] = [
  /^POST \/v1\/messages$/,
  /^POST \/v1\/messages\/count_tokens$/,
  /^GET \/v1\/models$/,
];

/** Never passed on: credentials, and what would make the answer unreadable for the meter. */
const notPassedOn = new Set(['authorization', 'x-api-key', 'cookie', 'host', 'content-length', 'accept-encoding']);
const notPassedBack = new Set(['set-cookie']);

/** Bodies held at once by all calls, in bytes: a body is held until its model is known. */
const maxHeldBytes = 64 * 1024 * 1024;

/** Serves model calls on a unix socket until disposed. */
export class ModelGateway implements AsyncDisposable {
  readonly #options: Required<Omit<ModelGatewayOptions, 'now' | 'headersMs'>>;
  readonly #ceilings: ModelCeilings;
  readonly #server: Server;
  #upstream: ModelUpstream | undefined;
  #redaction = new Redaction();
  #agents = new UpstreamAgents();
  #failure: GatewayFailure | undefined;
  #heldBytes = 0;
  #underWay = 0;

  constructor({
    journal = { write: () => undefined },
    maxBodyBytes = 32 * 1024 * 1024,
    headersMs = 30_000,
    now,
  }: ModelGatewayOptions = {}) {
    this.#options = { journal, maxBodyBytes };
    this.#ceilings = new ModelCeilings(now);
    // An answer may take long, and so may the body of a runtime that is out of processor time.
    const server = { maxHeaderSize: 64 * 1024, headersTimeout: headersMs, requestTimeout: 0 };
    const checked = { ...server, connectionsCheckingInterval: Math.min(headersMs, 10_000) };
    this.#server = createServer(checked, (call, answer) => void this.#pass(call, answer));
    this.#server.maxConnections = 64;
  }

  /** Where calls go from now on, and the ceilings over them. */
  use(upstream: ModelUpstream, limits: ModelLimits = { spentUsd: 0, usedTokens: 0 }): void {
    if (upstream.ca !== this.#upstream?.ca) {
      this.#agents[Symbol.dispose]();
      this.#agents = new UpstreamAgents(rootCertificates(upstream.ca));
    }
    this.#upstream = upstream;
    this.#redaction = new Redaction(upstream.headers);
    this.#ceilings.use(limits);
  }

  /** No call passes for so many ms from now: the tenant has made as many as it may. */
  hold(forMs: number): void {
    this.#ceilings.hold(forMs);
  }

  /** Why the last call got no answer from the model API; undefined when it got one. */
  get failure(): GatewayFailure | undefined {
    return this.#failure;
  }

  /** Whether a call is under way. */
  get busy(): boolean {
    return this.#underWay > 0;
  }

  async listen(socketPath: string): Promise<void> {
    rmSync(socketPath, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(socketPath, resolve);
    });
    // The folder decides who gets here: only the inside of this session's wall.
    chmodSync(socketPath, 0o666);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    this.#agents[Symbol.dispose]();
    await closed;
  }

  async #pass(call: IncomingMessage, answer: ServerResponse): Promise<void> {
    this.#underWay += 1;
    answer.once('close', () => {
      this.#underWay -= 1;
    });
    const upstream = this.#upstream;
    const [path = '', query] = (call.url ?? '').split('?');
    if (upstream === undefined) refuse(answer, 503, 'the model gateway has no upstream yet');
    else if (!routes.some((route) => route.test(`${call.method} ${path}`))) {
      refuse(answer, 403, `${call.method} ${path.slice(0, 200)} of the model API is not reachable from here`);
    } else if (call.headers['content-encoding'] !== undefined) refuse(answer, 403, 'a call must not be compressed');
    else {
      const body = await this.#bodyOf(call);
      if (body === undefined) {
        refuse(answer, 403, `a call must not exceed ${this.#options.maxBodyBytes} bytes`);
        return;
      }
      try {
        const url = new URL(`${upstream.baseUrl}${path}${query === undefined ? '' : `?${query}`}`);
        this.#admitted(call, answer, { upstream, url, body });
      } catch (cause) {
        this.#fail(answer, cause);
      } finally {
        this.#heldBytes -= body.length;
      }
    }
  }

  /** The whole body; undefined when it is too large, here or with those of other calls. */
  async #bodyOf(call: IncomingMessage): Promise<Buffer | undefined> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of call as AsyncIterable<Buffer>) {
        bytes += chunk.length;
        this.#heldBytes += chunk.length;
        if (bytes > this.#options.maxBodyBytes || this.#heldBytes > maxHeldBytes) throw new Error('too large');
        chunks.push(chunk);
      }
      return Buffer.concat(chunks);
    } catch {
      this.#heldBytes -= bytes;
      return undefined;
    }
  }

  #admitted(call: IncomingMessage, answer: ServerResponse, ready: Ready): void {
    const at = performance.now();
    const request = call.method === 'POST' ? readModelRequest(ready.body) : undefined;
    const hit = request && this.#ceilings.admit(request);
    const sent = { ...ready, at, model: request?.model ?? null };
    if (hit === undefined) this.#forward(call, answer, sent);
    else {
      this.#failure = { code: hit.code, error: hit.error };
      stop(answer, hit);
      this.#note(sent, { allowed: false, reason: hit.code });
    }
  }

  #forward(call: IncomingMessage, answer: ServerResponse, sent: Sent): void {
    const { upstream, url, body } = sent;
    const secure = url.protocol === 'https:';
    const outgoing = (secure ? httpsRequest : httpRequest)(url, {
      method: call.method,
      headers: { ...endToEnd(call.headers, notPassedOn), ...upstream.headers, ...lengthOf(call, body) },
      agent: secure ? this.#agents.https : this.#agents.http,
      maxHeaderSize: 64 * 1024,
    });
    const redaction = this.#redaction;
    outgoing.once('response', (response) => {
      if (isRedirect(response)) {
        response.destroy();
        const error = `it answers with a redirect (status ${response.statusCode}), which no key is sent after`;
        this.#failAs(answer, error);
        this.#note(sent, { status: response.statusCode ?? null, reason: 'redirect' });
        return;
      }
      this.#failure = undefined;
      const { 'content-type': type, 'content-encoding': encoding } = response.headers;
      // An answer that came compressed all the same is reckoned by its size.
      const meter = new ModelMeter(encoding === undefined || encoding === 'identity' ? type : undefined, body.length);
      const { statusCode: status = 502 } = response;
      let bytesIn = 0;
      const reason = redaction.text(response.statusMessage ?? '');
      answer.writeHead(status, reason, redaction.headers(responseHeaders(response)));
      response.on('data', (chunk: Buffer) => {
        bytesIn += chunk.length;
        if (status === 200) meter.push(chunk);
      });
      if (redaction.isNeeded) response.pipe(redaction.body()).pipe(answer);
      else response.pipe(answer);
      // An answer that breaks off upstream must break off here too, not look complete.
      response.once('error', () => breakOff(answer));
      response.once('close', () => {
        if (!response.complete) breakOff(answer);
        this.#settle(sent, { status, bytesIn, meter, address: response.socket?.remoteAddress ?? null });
      });
    });
    outgoing.once('error', (cause) => {
      if (answer.headersSent || answer.destroyed) breakOff(answer);
      else {
        this.#fail(answer, cause);
        this.#note(sent, { reason: codeOf(cause) });
      }
    });
    answer.once('close', () => outgoing.destroy());
    outgoing.end(body);
  }

  /** Writes down a call that was answered, and counts what it used. */
  #settle(sent: Sent, { status, bytesIn, meter, address }: Answered): void {
    if (status !== 200 || !sent.url.pathname.endsWith('/v1/messages')) {
      this.#note(sent, { status, bytesIn, address });
      return;
    }
    const { model, tokens } = meter.end();
    // The dearer one of what was asked for and what answered.
    const costUsd = Math.max(...[model, sent.model].map((name) => (name === null ? 0 : costOf(name, tokens))));
    this.#ceilings.used(tokens, costUsd);
    this.#note({ ...sent, model: model ?? sent.model }, { status, bytesIn, address, tokens, costUsd });
  }

  #note({ url, at, model, body }: Sent, outcome: Partial<Parameters<EgressJournal['write']>[0]>): void {
    const { hostname, protocol, port } = url;
    this.#options.journal.write({
      ...timesSince(at),
      ...{ method: 'model', host: hostname, address: null, model, tokens: null },
      port: port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port),
      ...{ allowed: true, reason: null, status: null, bytesOut: body.length, bytesIn: 0, costUsd: null },
      ...outcome,
    });
  }

  #fail(answer: ServerResponse, cause: unknown): void {
    this.#failAs(answer, codeOf(cause));
  }

  #failAs(answer: ServerResponse, error: string): void {
    this.#failure = { code: 'model_unreachable', error };
    refuse(answer, 502, `the model API can't be reached: ${error}`);
  }
}

interface Ready {
  upstream: ModelUpstream;
  url: URL;
  body: Buffer;
}
interface Sent extends Ready {
  at: number;
  model: string | null;
}
interface Answered {
  status: number;
  bytesIn: number;
  meter: ModelMeter;
  address: string | null;
}

/** One that a client would follow; the API has none, so the base URL is not what it should be. */
function isRedirect({ statusCode = 0, headers }: IncomingMessage): boolean {
  return statusCode >= 300 && statusCode < 400 && headers.location !== undefined;
}

function lengthOf(call: IncomingMessage, body: Buffer): PassedHeaders {
  return call.method === 'POST' ? { 'content-length': String(body.length) } : {};
}

function responseHeaders(response: IncomingMessage): PassedHeaders {
  const headers = endToEnd(response.headers, notPassedBack);
  // A refused key won't be accepted at the tenth try either; the runtime would spend three minutes finding out.
  if (response.statusCode === 401 || response.statusCode === 403) headers['x-should-retry'] = 'false';
  return headers;
}
