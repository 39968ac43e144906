/** Credentials: sealed secrets of a tenant. */
import type { Selectable } from 'kysely';
import type { Reader, Writer } from './row.ts';
import type { Tables } from './tables.ts';

type Row = Selectable<Tables['credentials']>;

/** A credential; `active` a boolean. */
export type CredentialRow = Omit<Row, 'active'> & { active: boolean };

/** Stores a credential, active and unused. */
export async function insert(tx: Writer, row: Omit<Row, 'active' | 'lastUsedAt'>): Promise<CredentialRow> {
  return toCredential(
    await tx
      .insertInto('credentials')
      .values({ ...row, lastUsedAt: null })
      .returningAll()
      .executeTakeFirstOrThrow(),
  );
}

/** A credential of a tenant; another tenant's is a missing one. */
export async function get(db: Reader, tenantId: string, id: string): Promise<CredentialRow | undefined> {
  const query = db.selectFrom('credentials').selectAll().where('tenantId', '=', tenantId).where('id', '=', id);
  const row = await query.executeTakeFirst();
  return row && toCredential(row);
}

/** A tenant's credentials, newest first. */
export async function list(db: Reader, tenantId: string): Promise<CredentialRow[]> {
  const query = db.selectFrom('credentials').selectAll().where('tenantId', '=', tenantId);
  return (await query.orderBy('createdAt', 'desc').orderBy('id', 'desc').execute()).map(toCredential);
}

/** Notes that a credential is used; returns it, or undefined when the tenant has no such active one. */
export async function use(
  tx: Writer,
  { tenantId, id, at }: { tenantId: string; id: string; at: string },
): Promise<CredentialRow | undefined> {
  const row = await tx
    .updateTable('credentials')
    .set({ lastUsedAt: at })
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('active', '=', 1)
    .returningAll()
    .executeTakeFirst();
  return row && toCredential(row);
}

/** Deletes a tenant's credential; returns it, or undefined when the tenant has none of that id. */
export async function remove(tx: Writer, tenantId: string, id: string): Promise<CredentialRow | undefined> {
  const query = tx.deleteFrom('credentials').where('tenantId', '=', tenantId).where('id', '=', id);
  const row = await query.returningAll().executeTakeFirst();
  return row && toCredential(row);
}

function toCredential(row: Row): CredentialRow {
  return { ...row, active: row.active === 1 };
}
