/** API keys: only their hashes are stored. */
import type { Selectable } from 'kysely';
import { preparedBy } from './prepared.ts';
import type { Reader, Writer } from './row.ts';
import type { Tables } from './tables.ts';

export type ApiKeyRow = Selectable<Tables['apiKeys']>;

/** Stores a key. */
export async function insert(tx: Writer, key: ApiKeyRow): Promise<void> {
  await tx.insertInto('apiKeys').values(key).execute();
}

const byHashes = preparedBy((db, given: Record<string, string>, count: number) =>
  db
    .selectFrom('apiKeys')
    .selectAll()
    .where(
      'keyHash',
      'in',
      Array.from({ length: count }, (_, index) => given[`hash${index}`] ?? ''),
    )
    .limit(1),
);

/** The key that has one of these hashes (a key may be hashed in more than one way). */
export async function findByHashes(db: Reader, hashes: readonly string[]): Promise<ApiKeyRow | undefined> {
  if (hashes.length === 0) return undefined;
  const given = Object.fromEntries(hashes.map((hash, index) => [`hash${index}`, hash]));
  const [row] = await byHashes(db, given, hashes.length);
  return row;
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
