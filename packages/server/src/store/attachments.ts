/** Attachments of sessions; their bytes lie in files. */
import type { Selectable } from 'kysely';
import type { Reader, Writer } from './row.ts';
import type { Tables } from './tables.ts';

export type AttachmentRow = Selectable<Tables['attachments']>;

/** Stores a new one. */
export async function insert(tx: Writer, row: AttachmentRow): Promise<void> {
  await tx.insertInto('attachments').values(row).execute();
}

/** One of a tenant's. */
export async function get(db: Reader, tenantId: string, id: string): Promise<AttachmentRow | undefined> {
  const query = db.selectFrom('attachments').selectAll().where('tenantId', '=', tenantId).where('id', '=', id);
  return await query.executeTakeFirst();
}

/** Those of a session, oldest first. */
export async function list(db: Reader, tenantId: string, sessionId: string): Promise<AttachmentRow[]> {
  return await db
    .selectFrom('attachments')
    .selectAll()
    .where('tenantId', '=', tenantId)
    .where('sessionId', '=', sessionId)
    .orderBy('createdAt')
    .orderBy('id')
    .execute();
}

/** Deletes those of a session. */
export async function removeAll(tx: Writer, tenantId: string, sessionId: string): Promise<void> {
  await tx.deleteFrom('attachments').where('tenantId', '=', tenantId).where('sessionId', '=', sessionId).execute();
}

/** Deletes one of a tenant's; undefined when there is none. */
export async function remove(tx: Writer, tenantId: string, id: string): Promise<AttachmentRow | undefined> {
  return await tx
    .deleteFrom('attachments')
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}
