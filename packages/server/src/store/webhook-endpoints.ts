/** Endpoints of webhooks. */
import type { Insertable, Selectable } from 'kysely';
import { parseJson, type Reader, toJson, type WithJson, type Writer } from './row.ts';
import type { Tables } from './tables.ts';

type Row = Selectable<Tables['webhookEndpoints']>;
export type WebhookEndpointRow = Omit<WithJson<Row, 'events'>, 'enabled'> & { enabled: boolean };

/** Stores an endpoint. */
export async function insert(
  tx: Writer,
  endpoint: Omit<Insertable<Tables['webhookEndpoints']>, 'events' | 'enabled'> & { events: unknown; enabled: boolean },
): Promise<WebhookEndpointRow> {
  const values = { ...endpoint, events: toJson(endpoint.events), enabled: endpoint.enabled ? 1 : 0 };
  return toEndpoint(await tx.insertInto('webhookEndpoints').values(values).returningAll().executeTakeFirstOrThrow());
}

/** An endpoint of a tenant; another tenant's is a missing one. */
export async function get(db: Reader, tenantId: string, id: string): Promise<WebhookEndpointRow | undefined> {
  const query = db.selectFrom('webhookEndpoints').selectAll().where('tenantId', '=', tenantId).where('id', '=', id);
  const row = await query.executeTakeFirst();
  return row && toEndpoint(row);
}

/** A tenant's endpoints, oldest first. There are few of them. */
export async function list(db: Reader, tenantId: string): Promise<WebhookEndpointRow[]> {
  const query = db.selectFrom('webhookEndpoints').selectAll().where('tenantId', '=', tenantId);
  return (await query.orderBy('createdAt').orderBy('id').execute()).map(toEndpoint);
}

/** Changes an endpoint; undefined when the tenant has no such one. */
export async function update(
  tx: Writer,
  {
    tenantId,
    id,
    patch,
  }: {
    tenantId: string;
    id: string;
    patch: Partial<Omit<WebhookEndpointRow, 'id' | 'tenantId' | 'createdAt'>>;
  },
): Promise<WebhookEndpointRow | undefined> {
  const { events, enabled, ...rest } = patch;
  const row = await tx
    .updateTable('webhookEndpoints')
    .set({
      ...rest,
      ...(events === undefined ? {} : { events: toJson(events) }),
      ...(enabled === undefined ? {} : { enabled: enabled ? 1 : 0 }),
    })
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row && toEndpoint(row);
}

/** Deletes an endpoint with its deliveries; false when the tenant has no such one. */
export async function remove(tx: Writer, tenantId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom('webhookEndpoints')
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (numDeletedRows === 0n) return false;
  await tx.deleteFrom('webhookDeliveries').where('endpointId', '=', id).execute();
  return true;
}

function toEndpoint(row: Row): WebhookEndpointRow {
  return { ...parseJson(row, ['events']), enabled: row.enabled === 1 };
}
