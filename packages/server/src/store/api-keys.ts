/** API keys: only their hashes are stored. */
import type { Selectable } from 'kysely';
import type { Reader, Writer } from './row.ts';
import type { Tables } from './tables.ts';

export type ApiKeyRow = Selectable<Tables['apiKeys']>;

/** Stores a key. */
export async function insert(tx: Writer, key: ApiKeyRow): Promise<void> {
  await tx.insertInto('apiKeys').values(key).execute();
}

/** The key that has one of these hashes (a key may be hashed in more than one way). */
export async function findByHashes(db: Reader, hashes: readonly string[]): Promise<ApiKeyRow | undefined> {
  if (hashes.length === 0) return undefined;
  return await db.selectFrom('apiKeys').selectAll().where('keyHash', 'in', hashes).limit(1).executeTakeFirst();
}

/** A tenant's keys, newest first. */
export async function list(db: Reader, tenantId: string): Promise<ApiKeyRow[]> {
  const query = db.selectFrom('apiKeys').selectAll().where('tenantId', '=', tenantId);
  return await query.orderBy('createdAt', 'desc').orderBy('id', 'desc').execute();
}

/** Deletes a tenant's key; returns it, or undefined when the tenant has no such key. */
export async function remove(tx: Writer, tenantId: string, id: string): Promise<ApiKeyRow | undefined> {
  const query = tx.deleteFrom('apiKeys').where('tenantId', '=', tenantId).where('id', '=', id);
  return await query.returningAll().executeTakeFirst();
}

/** How many keys there are, over all tenants. */
export async function count(db: Reader): Promise<number> {
  const row = await db
    .selectFrom('apiKeys')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}
