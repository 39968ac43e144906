/** A retry is safe: the same Idempotency-Key with the same request gives what the first request made. */
import { createHash } from 'node:crypto';
import { errors } from '@ash-ai/shared';
import * as idempotencyStore from './store/idempotency.ts';
import type { Writer } from './store/row.ts';

/**
 * Claims the key for `resourceId`, in the transaction that makes it. Undefined: it is the first use (or there is no
 * key), go on. Else the id of what the first request made.
 * @throws idempotency_key_reused when the key was used for something else
 */
export async function claimOnce(
  tx: Writer,
  claim: { tenantId: string; key: string | undefined; request: unknown; resourceId: string; at: string },
): Promise<string | undefined> {
  const { tenantId, key, request, resourceId, at } = claim;
  if (key === undefined) return undefined;
  const fingerprint = createHash('sha256').update(JSON.stringify(request)).digest('hex');
  const existing = await idempotencyStore.claim(tx, { tenantId, key, fingerprint, resourceId, at });
  if (existing === undefined) return undefined;
  if (existing.fingerprint !== fingerprint) throw errors.idempotency_key_reused({ key });
  return existing.resourceId;
}
