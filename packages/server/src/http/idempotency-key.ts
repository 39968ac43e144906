/** The `Idempotency-Key` header: a retried POST with the same key gets the answer of the first. */
import type { IncomingHttpHeaders } from 'node:http';
import { errors } from '@ash-ai/shared';

const VISIBLE_ASCII = /^[\x21-\x7e]{1,255}$/;

/** The request's key, if it has one. Throws `validation_failed` unless it is 1 to 255 visible ASCII characters. */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && VISIBLE_ASCII.test(key)) return key;
  throw errors.validation_failed({ reason: 'Idempotency-Key: must be 1 to 255 visible ASCII characters' });
}
