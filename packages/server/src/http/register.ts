/** Turns a row of the contract table into a Fastify route: parse, call the handler, shape the reply. */
import type { Contract, Route } from '@ash-ai/shared/contract';
import { contract, defaultBodyLimitBytes } from '@ash-ai/shared/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FileReply } from './bytes.ts';
import type { Call, HandlersOf } from './call.ts';
import { logFailure, toAshError } from './errors.ts';
import type { HttpLog } from './http-log.ts';
import { type Parser, parserOf } from './parse.ts';
import type { Streams } from './sse.ts';
import type { StreamSource } from './stream-source.ts';

type AnyHandler = (call: Call<Route> & { signal?: AbortSignal }) => Promise<unknown>;

/** Registers every route of the contract. */
export function registerContract(
  app: FastifyInstance,
  handlers: HandlersOf<Contract>,
  durable: () => Promise<void> | undefined,
  streams: Streams,
  log: HttpLog,
): void {
  for (const name of Object.keys(contract) as (keyof Contract)[]) {
    const route: Route = contract[name];
    const parse = parserOf(route);
    // The handler of this very route: `HandlersOf` pairs them by name, which a loop over names can't express.
    const handler = handlers[name] as unknown as AnyHandler;
    app.route({
      method: route.method,
      url: route.path,
      bodyLimit: route.bodyLimitBytes ?? defaultBodyLimitBytes,
      config: {
        public: route.public === true,
        internal: route.internal === true,
        readsBody: route.body !== undefined,
        optionalBody: route.optionalBody === true,
        rate: route.rate,
      },
      handler:
        route.reply.kind === 'stream'
          ? streamReply(parse, handler, streams, log)
          : jsonReply(parse, handler, durable, route.reply.status),
    });
  }
}

function jsonReply(parse: Parser, handler: AnyHandler, durable: () => Promise<void> | undefined, status: number) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const answer = await handler(callOf(request, parse));
    // What was shown was stored (durability.md, P4): nothing is shown that a power cut could still take back.
    const flushed = durable();
    if (flushed !== undefined) await flushed;
    reply.code(status);
    if (answer instanceof FileReply) return await answer.send(reply, request.method === 'HEAD');
    return answer;
  };
}

function streamReply(parse: Parser, handler: AnyHandler, streams: Streams, log: HttpLog) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const call = callOf(request, parse);
    await streams.answer(reply.raw, {
      headers: headersOf(reply),
      source: (signal) => handler({ ...call, signal }) as Promise<StreamSource>,
      hijack: () => reply.hijack(),
      headOnly: request.method === 'HEAD',
      failed: (error) => {
        const coded = toAshError(error, request);
        logFailure(coded, request, log);
        return coded;
      },
    });
  };
}

/** What the reply has by now, for a stream is written past Fastify. */
function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

function callOf(request: FastifyRequest, parse: Parser): Call<Route> {
  const { params, query, body } = parse(request);
  return { params, query, body, tenantId: request.tenantId, headers: request.headers } as Call<Route>;
}
