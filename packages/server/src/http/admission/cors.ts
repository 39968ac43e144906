/** Which web pages of other origins may call the server: none, unless the operator names them. */
import type { FastifyReply, FastifyRequest } from 'fastify';

const allowed = {
  methods: 'GET, HEAD, POST, PATCH, DELETE',
  headers: 'Authorization, Content-Type, Idempotency-Key, Last-Event-ID',
  exposed:
    'Content-Disposition, RateLimit, RateLimit-Policy, Retry-After, X-Ash-Source, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id',
};
/** How long a browser may remember a preflight's answer, in seconds. */
const maxAge = '600';

/**
 * Puts what the browser asks for on the reply to a page of an allowed origin. No cookies are involved: a page needs a key.
 * @param origins as browsers write them; "*" stands for every one
 * @returns whether the request was a preflight, which needs no more than these headers
 */
export function allowOrigin(request: FastifyRequest, reply: FastifyReply, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  // Whatever the reply is, a cache must not give it to a page of another origin.
  reply.header('vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || !(origins.includes(origin) || origins.includes('*'))) return false;
  reply.headers({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': allowed.exposed,
    'cross-origin-resource-policy': 'cross-origin',
  });
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  reply.headers({
    'access-control-allow-methods': allowed.methods,
    'access-control-allow-headers': allowed.headers,
    'access-control-max-age': maxAge,
  });
  return true;
}
