/** Who is calling: the tenant of the API key, found before the body is read (spec/http-api.md §1.1). */
import { errors } from '@ash-ai/shared';
import type { FastifyRequest } from 'fastify';
import type { InternalGate, Rooms } from './rooms.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The tenant that the request's key belongs to. */
    tenantId: string;
  }
  interface FastifyContextConfig {
    /** Whether the route answers without a key. */
    public?: boolean;
    /** Whether the route asks for the internal secret in place of a key. */
    internal?: boolean;
    /** Whether the route reads a JSON body; otherwise a body is ignored. */
    readsBody?: boolean;
    /** Which limit on requests holds besides the one on all. */
    rate?: 'sessions' | 'agents' | undefined;
    /** Whether no body is as good as an empty object. */
    optionalBody?: boolean;
  }
}

/** The tenant that public routes run as. */
const publicTenantId = 'default';

/** The key in an Authorization header: "Bearer", one space, the key. Throws the 401 that tells what is wrong with it. */
export function bearerKey(header: string | undefined): string {
  if (header === undefined) throw errors.missing_authorization();
  const [scheme, key, ...rest] = header.split(' ', 3);
  if (scheme !== 'Bearer' || key === undefined || key === '' || rest.length > 0) {
    throw errors.invalid_authorization_format();
  }
  return key;
}

/** Puts the tenant on the request, or throws a 401. Returns which key it was; undefined where none is asked for. */
export async function authenticate(
  request: FastifyRequest,
  rooms: Pick<Rooms, 'keys' | 'internal'>,
): Promise<string | undefined> {
  if (isPublic(request)) {
    request.tenantId = publicTenantId;
    return undefined;
  }
  if (isInternal(request)) {
    admitInternal(request, rooms.internal);
    request.tenantId = publicTenantId;
    return 'internal';
  }
  const owner = await rooms.keys.ownerOf(bearerKey(request.headers.authorization));
  if (owner === undefined) throw errors.invalid_api_key();
  request.tenantId = owner.tenantId;
  return owner.keyId;
}

function admitInternal(request: FastifyRequest, gate: InternalGate): void {
  if (gate.closed) throw errors.internal_secret_missing();
  if (!gate.admits(bearerKey(request.headers.authorization))) throw errors.internal_secret_invalid();
}

/** An unknown route below /api/internal/ tells no more to a stranger than a known one. */
function isInternal(request: FastifyRequest): boolean {
  if (request.is404) return /^\/api\/internal(?:[/?]|$)/.test(request.url);
  return request.routeOptions.config.internal === true;
}

function isPublic(request: FastifyRequest): boolean {
  if (request.is404) return /^\/docs(?:[/?]|$)/.test(request.url);
  return request.routeOptions.config.public === true;
}
