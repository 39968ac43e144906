/** The one place where a failure becomes a reply: coded, with the request's id, and with nothing internal in it. */
import { type AshError, errors, isAshError } from '@ash-ai/shared';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { StoreUnavailable } from '../store/errors.ts';
import type { HttpLog } from './http-log.ts';
import { replyHeaders } from './reply-headers.ts';

/** Answers a request with the error's wire body. Bugs are logged once, with their stack. */
export function renderError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: HttpLog): void {
  const coded = toAshError(error, request);
  logFailure(coded, request, log);
  if (coded.statusCode === 401) reply.header('www-authenticate', 'Bearer');
  const { retryAfterSeconds } = coded.details;
  if (typeof retryAfterSeconds === 'number') reply.header('retry-after', String(retryAfterSeconds));
  // Fastify closes the connection after an unread body; the client, still sending, might then never see why.
  if (coded.code === 'body_too_large') reply.header('connection', 'keep-alive');
  // A reply that the hooks never saw has them not yet.
  if (!reply.hasHeader('x-request-id')) reply.headers(replyHeaders(request.id));
  reply.code(coded.statusCode).send(coded.toBody(request.id));
}

/** Logs what an operator must know: failures of the server itself, never those of the caller. */
export function logFailure(error: AshError, request: FastifyRequest, log: HttpLog): void {
  if (error.statusCode < 500) return;
  const where = { requestId: request.id, method: request.method, path: pathOf(request), code: error.code };
  if (error.code === 'internal') log.error({ ...where, err: error.cause }, 'request failed');
  else log.warn({ ...where, err: error }, 'request failed');
}

/** The coded error that stands for any failure of a request. */
export function toAshError(error: unknown, request: FastifyRequest): AshError {
  if (isAshError(error)) return error;
  if (error instanceof StoreUnavailable) return unavailable(error);
  switch (codeOf(error)) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return errors.body_too_large({ limitBytes: request.routeOptions.bodyLimit });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return errors.unsupported_media_type({ mediaType: (request.headers['content-type'] ?? 'none').slice(0, 100) });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'ECONNRESET':
      return errors.body_not_json({ reason: 'it is shorter than announced' });
    case 'FST_ERR_BAD_URL':
      return errors.validation_failed({ reason: 'path: holds bad percent-encoding' });
    case 'FST_ERR_ROUTE_MISSING_CONTENT_TYPE':
      // Fastify asks for one with the method QUERY (RFC 10008), before it finds that no route has that method.
      return routeNotFound(request);
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return errors.validation_failed({ reason: 'path: has a part that is too long' });
    default:
      return errors.internal({}, { cause: error });
  }
}

/** The database is away, or its disk is full: the caller may try again, and nothing of the request was done. */
function unavailable(cause: StoreUnavailable): AshError {
  if (cause.reason === 'disk_full') return errors.storage_full({}, { cause });
  return errors.storage_unavailable({ reason: cause.message }, { cause });
}

/** The error of a request that no route answers. */
export function routeNotFound(request: FastifyRequest): AshError {
  return errors.route_not_found({ method: request.method, url: pathOf(request) });
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1).join('').slice(0, 200);
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
