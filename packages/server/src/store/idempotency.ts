/** Idempotency keys: the first request with a key does the work, a later one gets the same answer. */
import type { Selectable } from 'kysely';
import { parseJson, type Reader, toJson, type WithJson, type Writer } from './row.ts';
import type { Tables } from './tables.ts';

/** A used key; `response` is null until the first request has been answered. */
export type IdempotencyRow = WithJson<Selectable<Tables['idempotencyKeys']>, 'response'>;

export interface Claim {
  readonly tenantId: string;
  readonly key: string;
  /** Hash of the request. The caller compares it: the same key for another request is a mistake. */
  readonly fingerprint: string;
  /** Id of what the request creates. */
  readonly resourceId: string;
  readonly at: string;
}

/**
 * Claims a key, in the transaction that does the work; of racing claims one wins.
 * Returns undefined to the winner, and what the winner stored to everybody else.
 */
export async function claim(tx: Writer, args: Claim): Promise<IdempotencyRow | undefined> {
  const { tenantId, key, fingerprint, resourceId, at } = args;
  for (;;) {
    const won = await tx
      .insertInto('idempotencyKeys')
      .values({ tenantId, key, fingerprint, resourceId, response: null, createdAt: at })
      .onConflict((conflict) => conflict.columns(['tenantId', 'key']).doNothing())
      .returning('key')
      .executeTakeFirst();
    if (won !== undefined) return undefined;
    const existing = await get(tx, tenantId, key);
    // It can only be missing when a sweep took it between the two queries; then the key is free again.
    if (existing !== undefined) return existing;
  }
}

/** What is stored for a key. */
export async function get(db: Reader, tenantId: string, key: string): Promise<IdempotencyRow | undefined> {
  const query = db.selectFrom('idempotencyKeys').selectAll().where('tenantId', '=', tenantId).where('key', '=', key);
  const row = await query.executeTakeFirst();
  return row && parseJson(row, ['response']);
}

/** Notes the answer that later requests with the key get. */
export async function setResponse(
  tx: Writer,
  { tenantId, key, response }: { tenantId: string; key: string; response: unknown },
): Promise<void> {
  await tx
    .updateTable('idempotencyKeys')
    .set({ response: toJson(response) })
    .where('tenantId', '=', tenantId)
    .where('key', '=', key)
    .execute();
}

/** Forgets some `limit` keys from before an instant, the oldest ones; returns how many. */
export async function sweep(tx: Writer, { before, limit }: { before: string; limit: number }): Promise<number> {
  const old = tx.selectFrom('idempotencyKeys').select('createdAt').where('createdAt', '<', before);
  const last = await old
    .orderBy('createdAt')
    .offset(limit - 1)
    .limit(1)
    .executeTakeFirst();
  const query = tx.deleteFrom('idempotencyKeys').where('createdAt', '<', before);
  // Those of the same instant go together.
  const some = last === undefined ? query : query.where('createdAt', '<=', last.createdAt);
  return Number((await some.executeTakeFirstOrThrow()).numDeletedRows);
}
