/** What every request goes through before its route: who is calling, and whether it may call that often. */
import { errors } from '@ash-ai/shared';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authenticate } from '../auth.ts';
import { replyHeaders } from '../reply-headers.ts';
import type { Rooms } from '../rooms.ts';
import { allowOrigin } from './cors.ts';
import { type RateSettings, Rates } from './rates.ts';

export interface AdmissionOptions {
  rooms: Pick<Rooms, 'keys' | 'internal'>;
  rates?: RateSettings | undefined;
  /** Origins of web pages that may call. */
  origins?: readonly string[] | undefined;
  closing: () => boolean;
}

export type Admit = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

/** The gate of a server. It puts the tenant on the request and headers on the reply; a preflight it answers itself. */
export function createAdmission({ rooms, rates = {}, origins = [], closing }: AdmissionOptions): Admit {
  const limits = new Rates(rates);
  return async (request, reply) => {
    reply.headers(replyHeaders(request.id));
    if (allowOrigin(request, reply, origins)) {
      await reply.code(204).send();
      return;
    }
    if (closing()) throw errors.shutting_down();
    let keyId: string | undefined;
    try {
      keyId = await authenticate(request, rooms);
    } catch (refusal) {
      // Whoever tries keys is counted as well.
      limits.count(request, reply, undefined);
      throw refusal;
    }
    limits.count(request, reply, keyId);
  };
}
