/** The HTTP room: serves the contract on a port, with Fastify, which no other room knows. */
import { newId } from '@ash-ai/shared';
import { defaultBodyLimitBytes } from '@ash-ai/shared/contract';
import { type FastifyInstance, fastify } from 'fastify';
import { type AdmissionOptions, createAdmission } from './admission/admission.ts';
import { registerDocs } from './docs/register.ts';
import { renderError, routeNotFound } from './errors.ts';
import { type HttpLog, silentLog } from './http-log.ts';
import { InFlight } from './in-flight.ts';
import { readJsonBodies } from './json-body.ts';
import { refuseMalformed } from './malformed.ts';
import { registerMetrics } from './metrics.ts';
import { registerContract } from './register.ts';
import type { Rooms } from './rooms.ts';
import { allHandlers } from './routes/all.ts';
import { Streams } from './sse.ts';

export interface ServeOptions {
  rooms: Rooms;
  /** Address to listen on. */
  host: string;
  /** Port to listen on; 0 takes a free one. */
  port: number;
  /** Where failures of the server itself are told (a pino logger fits). Default: nowhere. */
  logger?: HttpLog;
  /** How often who may call. Default: without a limit. */
  rates?: AdmissionOptions['rates'];
  /** Origins of web pages that may call. Default: none. */
  origins?: readonly string[];
  /** Proxies whose word on the client's address is taken: addresses, ranges, `loopback`. Default: none. */
  trustedProxies?: readonly string[];
  /** Time between two comments on an event stream. Default 15,000. */
  heartbeatMs?: number;
  /** How long a stream waits for a client that does not read. Default 30,000. */
  drainTimeoutMs?: number;
  /** Event streams at once. Default 10,000. */
  maxStreams?: number;
  /** How long requests in flight may take to end at shutdown, before their connections are cut. Default 5,000. */
  closeTimeoutMs?: number;
}

export interface HttpServer extends AsyncDisposable {
  /** Where a client on this machine reaches the server. */
  url: string;
  port: number;
}

/** Time for the whole of a request to arrive; a large deployment over a slow line takes a while. */
const REQUEST_TIMEOUT_MS = 300_000;

/**
 * Serves the contract over `rooms`. Disposing it stops listening, ends every stream with a hint to reconnect and lets other
 * requests end.
 *
 * @example
 * await using http = await serveHttp({ rooms, host: '127.0.0.1', port: 4100, logger });
 */
export async function serveHttp(options: ServeOptions): Promise<HttpServer> {
  const { rooms, host, logger = silentLog } = options;
  const streams = new Streams({
    heartbeatMs: options.heartbeatMs ?? 15_000,
    drainTimeoutMs: options.drainTimeoutMs ?? 30_000,
    maxStreams: options.maxStreams ?? 10_000,
  });
  let closing = false;
  const app = createApp(options, logger, () => closing);
  const inFlight = new InFlight(app.server);
  registerContract(app, allHandlers(rooms), () => rooms.durable(), streams, logger);
  registerMetrics(app, rooms.metrics, streams);
  registerDocs(app, rooms.version, () => `http://localhost:${portOf(app, options.port)}`);
  try {
    await app.listen({ host, port: options.port });
  } catch (error) {
    await streams[Symbol.asyncDispose]();
    throw error;
  }
  const port = portOf(app, options.port);
  let closed: Promise<void> | undefined;
  return {
    url: `http://${reachable(host)}:${port}`,
    port,
    [Symbol.asyncDispose]() {
      closing = true;
      closed ??= close(app, streams, inFlight, options.closeTimeoutMs ?? 5_000);
      return closed;
    },
  };
}

function createApp(options: ServeOptions, log: HttpLog, closing: () => boolean): FastifyInstance {
  const { rooms, rates, origins, trustedProxies = [] } = options;
  const admit = createAdmission({ rooms, rates, origins, closing });
  const app = fastify({
    logger: false,
    genReqId: () => newId(),
    requestIdHeader: false,
    bodyLimit: defaultBodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    return503OnClosing: false,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    routerOptions: { maxParamLength: 1024 },
    clientErrorHandler: refuseMalformed,
    frameworkErrors: (error, request, reply) => {
      // No hook has run for this request, so its key is still to be asked for.
      admit(request, reply).then(
        () => renderError(error, request, reply, log),
        (refusal: unknown) => renderError(refusal, request, reply, log),
      );
    },
  });
  app.decorateRequest('tenantId', '');
  app.addHook('onRequest', admit);
  readJsonBodies(app);
  app.setErrorHandler((error, request, reply) => renderError(error, request, reply, log));
  app.setNotFoundHandler((request, reply) => renderError(routeNotFound(request), request, reply, log));
  return app;
}

async function close(app: FastifyInstance, streams: Streams, inFlight: InFlight, withinMs: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), withinMs);
  try {
    const closed = app.close();
    await Promise.all([streams[Symbol.asyncDispose](), inFlight.none()]);
    app.server.closeAllConnections();
    await closed;
  } finally {
    clearTimeout(timer);
  }
}

function portOf(app: FastifyInstance, asked: number): number {
  const address = app.server.address();
  return typeof address === 'object' && address !== null ? address.port : asked;
}

function reachable(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
