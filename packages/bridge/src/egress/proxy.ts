/**
 * The egress proxy: an HTTP proxy on a unix socket inside the wall's reach. It lets through what the session's policy
 * allows, tells why it refuses the rest, and writes every decision down.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  closedPolicy,
  type EgressMethod,
  type EgressPolicy,
  parseTarget,
  type RefusalReason,
  type Target,
} from '@ash-ai/shared/egress';
import { dial } from './dial.ts';
import { admit, Refused, type Resolve, systemResolve } from './gate.ts';
import { type EgressJournal, timesSince } from './journal.ts';
import { passOn, plainTarget, schemeFor, UpstreamAgents } from './plain.ts';
import { rootCertificates } from './trust.ts';
import { join } from './tunnel.ts';
import { refusalReply, welcome } from './words.ts';

export interface EgressProxyOptions {
  journal: Pick<EgressJournal, 'write'>;
  /** Default: the system's resolver. */
  resolve?: Resolve;
  /** Connections of clients at once; more are closed. Default 128. */
  maxConnections?: number;
  /** How long a connection may be silent, in ms. Default 5 minutes. */
  idleMs?: number;
}

/** What came of one attempt. */
interface Outcome {
  address?: string | null;
  reason?: RefusalReason | (string & {}) | null;
  allowed?: boolean;
  status?: number | null;
  bytesOut?: number;
  bytesIn?: number;
}

const nowhere: Target = { host: '?', isAddress: false, port: 0 };

/** Serves an egress policy until disposed. */
export class EgressProxy implements AsyncDisposable {
  readonly #journal: Pick<EgressJournal, 'write'>;
  readonly #resolve: Resolve;
  readonly #idleMs: number;
  readonly #server: Server;
  readonly #open = new Set<Duplex>();
  #policy: EgressPolicy = closedPolicy;
  /** Whoever comes before the first policy waits for it. */
  readonly #known = Promise.withResolvers<void>();
  #ca: string | undefined;
  /** Why the last ones were refused. */
  #refused: readonly string[] = [];
  #agents = new UpstreamAgents();

  constructor({ journal, resolve = systemResolve, maxConnections = 128, idleMs = 300_000 }: EgressProxyOptions) {
    this.#journal = journal;
    this.#resolve = resolve;
    this.#idleMs = idleMs;
    this.#server = createServer({ maxHeaderSize: 32 * 1024, keepAliveTimeout: 60_000, headersTimeout: 30_000 });
    this.#server.requestTimeout = 0;
    this.#server.maxConnections = maxConnections;
    this.#server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.setNoDelay(true).once('close', () => this.#open.delete(socket));
    });
    this.#server.on('request', (call, answer) => void this.#plain(call, answer));
    this.#server.on('connect', (call, socket, head) => void this.#connect(call, socket, head));
    this.#server.on('clientError', (_cause, socket) => {
      if (socket.writable) socket.end(refusalReply(new Refused('request_invalid', nowhere)));
      this.#note('plain', nowhere, performance.now(), { allowed: false, reason: 'request_invalid' });
    });
    this.#server.on('drop', () => {
      this.#note('connect', nowhere, performance.now(), { allowed: false, reason: 'limit_reached' });
    });
  }

  /** What may be reached from now on. Connections that stand already stay. @param ca certificates to trust beside Node's own (PEM) */
  use(policy: EgressPolicy, ca?: string): void {
    this.#policy = policy;
    this.#known.resolve();
    if (ca === this.#ca) return;
    this.#ca = ca;
    this.#agents[Symbol.dispose]();
    this.#agents = new UpstreamAgents(rootCertificates(ca));
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
    for (const socket of this.#open) socket.destroy();
    this.#agents[Symbol.dispose]();
    await closed;
  }

  async #connect(call: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    const at = performance.now();
    client.on('error', () => client.destroy());
    const target = parseTarget(call.url ?? '');
    try {
      if (target === undefined) throw new Refused('request_invalid', nowhere, 'CONNECT needs host:port.');
      await this.#known.promise;
      const passage = await admit({ policy: this.#policy, resolve: this.#resolve }, target, 'connect');
      const { socket, address } = await dial(passage);
      if (client.destroyed) {
        socket.destroy();
        this.#note('connect', target, at, { address, reason: 'the client went away' });
        return;
      }
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      const passed = await join(client, socket, head, this.#idleMs);
      this.#note('connect', target, at, { address, ...passed });
    } catch (cause) {
      const refused = cause instanceof Refused ? cause : new Refused('unreachable', target ?? nowhere, String(cause));
      if (client.writable) client.end(refusalReply(refused));
      this.#noteRefused('connect', target ?? nowhere, at, refused);
    }
  }

  async #plain(call: IncomingMessage, answer: ServerResponse): Promise<void> {
    const at = performance.now();
    const asked = plainTarget(call.url ?? '');
    let target = asked?.target ?? nowhere;
    const refuse = (refused: Refused): void => {
      if (answer.headersSent) answer.destroy();
      else {
        const { status, headers, body } = refusalReply.parts(refused);
        answer.writeHead(status, headers);
        answer.end(body);
      }
    };
    try {
      await this.#known.promise;
      if (call.url === '/' && call.method === 'GET') {
        answer.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
        answer.end(welcome(this.#policy, this.#refused));
        return;
      }
      if (asked === undefined) throw new Refused('request_invalid', nowhere, 'Ask for http://host/path.');
      // An answer to TRACE is the request itself, with what the proxy put in.
      if (call.method === 'TRACE') throw new Refused('request_invalid', target, 'TRACE is not passed on.');
      const gate = { policy: this.#policy, resolve: this.#resolve };
      const passage = await admit(gate, target, 'plain');
      const to = schemeFor(asked, passage.rule);
      // Another port is another decision.
      const final = to.target.port === target.port ? passage : await admit(gate, to.target, 'plain');
      target = to.target;
      const passed = await passOn(call, answer, to, final, {
        agents: this.#agents,
        idleMs: this.#idleMs,
        failed: (reason) => refuse(new Refused('unreachable', to.target, reason)),
      });
      const { failure, ...rest } = passed;
      this.#note('plain', target, at, { ...rest, reason: failure });
    } catch (cause) {
      const refused = cause instanceof Refused ? cause : new Refused('unreachable', target, String(cause));
      call.resume();
      refuse(refused);
      this.#noteRefused('plain', target, at, refused);
    }
  }

  #noteRefused(method: EgressMethod, target: Target, at: number, refused: Refused): void {
    const { reason, address } = refused;
    this.#refused = [...this.#refused, refused.message].slice(-5);
    const allowed = reason === 'unreachable' || reason === 'name_not_found';
    this.#note(method, target, at, { allowed, reason, address, status: refusalReply.statusOf(reason) });
  }

  #note(method: EgressMethod, target: Target, at: number, outcome: Outcome): void {
    const { address = null, reason = null, allowed = true, status = null, bytesOut = 0, bytesIn = 0 } = outcome;
    this.#journal.write({
      ...timesSince(at),
      ...{ method, host: target.host, port: target.port, address, allowed, reason },
      ...{ status, bytesOut, bytesIn, model: null, tokens: null, costUsd: null },
    });
  }
}
