/**
 * What is to be delivered to webhooks. A row is written in the transaction that makes its event true, so that no crash
 * can come between; it is claimed under a lease that runs out when the server dies.
 */
import { newId } from '@ash-ai/shared';
import type { Selectable } from 'kysely';
import type { Reader, Writer } from './row.ts';
import type { Tables, WebhookDeliveryStatus } from './tables.ts';
import * as endpointStore from './webhook-endpoints.ts';

export type WebhookDeliveryRow = Selectable<Tables['webhookDeliveries']>;

/** Something that happened. */
export interface WebhookEvent {
  readonly type: string;
  readonly eventId: string;
  readonly at: string;
  readonly sessionId?: string;
  readonly seq?: number;
  readonly queueItemId?: string;
}

/** Notes events for every endpoint of the tenant that asked for them. */
export async function record(tx: Writer, tenantId: string, events: readonly WebhookEvent[]): Promise<void> {
  if (events.length === 0) return;
  const endpoints = await endpointStore.list(tx, tenantId);
  const rows = endpoints.flatMap(({ id, enabled, events: wanted }) =>
    events
      .filter(({ type }) => wanted === null || (wanted as readonly string[]).includes(type))
      .map((event) => deliveryOf({ tenantId, endpointId: id, event, status: enabled ? 'pending' : 'skipped' })),
  );
  if (rows.length > 0) await tx.insertInto('webhookDeliveries').values(rows).execute();
}

/** Notes an event for one endpoint. */
export async function insert(
  tx: Writer,
  given: { id: string; tenantId: string; endpointId: string; event: WebhookEvent },
): Promise<WebhookDeliveryRow> {
  const values = { ...deliveryOf({ ...given, status: 'pending' }), id: given.id };
  return await tx.insertInto('webhookDeliveries').values(values).returningAll().executeTakeFirstOrThrow();
}

function deliveryOf(given: {
  tenantId: string;
  endpointId: string;
  event: WebhookEvent;
  status: WebhookDeliveryStatus;
}) {
  const { tenantId, endpointId, event, status } = given;
  const { type, eventId, at, sessionId = null, seq = null, queueItemId = null } = event;
  const about = { eventId, type, sessionId, seq, queueItemId, createdAt: at };
  return { id: newId(), endpointId, tenantId, ...about, status, nextAttemptAt: status === 'pending' ? at : null };
}

/** A delivery of an endpoint. */
export async function get(db: Reader, endpointId: string, id: string): Promise<WebhookDeliveryRow | undefined> {
  const query = db.selectFrom('webhookDeliveries').selectAll().where('endpointId', '=', endpointId);
  return await query.where('id', '=', id).executeTakeFirst();
}

/** Deliveries of an endpoint, newest first, before the one with the id `before`. */
export async function list(
  db: Reader,
  endpointId: string,
  filter: {
    status?: WebhookDeliveryStatus | undefined;
    type?: string | undefined;
    before?: string | undefined;
    limit: number;
  },
): Promise<WebhookDeliveryRow[]> {
  let query = db.selectFrom('webhookDeliveries').selectAll().where('endpointId', '=', endpointId);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.type !== undefined) query = query.where('type', '=', filter.type);
  if (filter.before !== undefined) query = query.where('id', '<', filter.before);
  return await query.orderBy('id', 'desc').limit(filter.limit).execute();
}

/** Whether there may be something to claim: cheap, and without a transaction. */
export async function isAnythingDue(db: Reader, at: string): Promise<boolean> {
  const query = db.selectFrom('webhookDeliveries').select('id').where('status', '=', 'pending');
  return (await query.where('nextAttemptAt', '<=', at).limit(1).executeTakeFirst()) !== undefined;
}

export interface Claim {
  readonly holder: string;
  readonly at: string;
  readonly leaseUntil: string;
  /** Endpoints that have enough in work. */
  readonly busy: readonly string[];
}

/** Claims the delivery that is due longest, with its endpoint. Of racing claims of one delivery one wins. */
export async function claim(
  tx: Writer,
  { holder, at, leaseUntil, busy }: Claim,
): Promise<{ delivery: WebhookDeliveryRow; endpoint: endpointStore.WebhookEndpointRow } | undefined> {
  for (;;) {
    let due = tx
      .selectFrom('webhookDeliveries')
      .select(['id', 'endpointId', 'tenantId'])
      .where('status', '=', 'pending')
      .where('nextAttemptAt', '<=', at)
      .where((eb) => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<', at)]));
    if (busy.length > 0) due = due.where('endpointId', 'not in', busy);
    const next = await due.orderBy('nextAttemptAt').orderBy('id').limit(1).executeTakeFirst();
    if (next === undefined) return undefined;
    const endpoint = await endpointStore.get(tx, next.tenantId, next.endpointId);
    const delivery = await tx
      .updateTable('webhookDeliveries')
      .set({ claimedBy: holder, leaseUntil })
      .where('id', '=', next.id)
      .where('status', '=', 'pending')
      .where((eb) => eb.or([eb('leaseUntil', 'is', null), eb('leaseUntil', '<', at)]))
      .returningAll()
      .executeTakeFirst();
    if (endpoint === undefined) await tx.deleteFrom('webhookDeliveries').where('id', '=', next.id).execute();
    else if (delivery !== undefined) return { delivery, endpoint };
  }
}

/** Writes down how an attempt ended. False when somebody else has the delivery by now, or it is no longer wanted. */
export async function finish(
  tx: Writer,
  {
    id,
    holder,
    patch,
  }: { id: string; holder: string; patch: Partial<Omit<WebhookDeliveryRow, 'id' | 'tenantId' | 'endpointId'>> },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('webhookDeliveries')
    .set({ ...patch, claimedBy: null, leaseUntil: null })
    .where('id', '=', id)
    .where('claimedBy', '=', holder)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Lets every lease of a holder run out, or every lease there is. */
export async function expireLeases(tx: Writer, holder?: string): Promise<void> {
  const leased = tx.updateTable('webhookDeliveries').where('leaseUntil', 'is not', null);
  await (holder === undefined ? leased : leased.where('claimedBy', '=', holder))
    .set({ leaseUntil: null, claimedBy: null })
    .execute();
}

const again = { status: 'pending', attempts: 0, claimedBy: null, leaseUntil: null, deliveredAt: null } as const;

/** Makes a delivery due anew, whatever became of it. */
export async function requeue(
  tx: Writer,
  { endpointId, id, at }: { endpointId: string; id: string; at: string },
): Promise<WebhookDeliveryRow | undefined> {
  return await tx
    .updateTable('webhookDeliveries')
    .set({ ...again, nextAttemptAt: at })
    .where('endpointId', '=', endpointId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

/** Makes the deliveries of a span of time due anew; returns how many. */
export async function replay(
  tx: Writer,
  given: {
    endpointId: string;
    since: string;
    until?: string | undefined;
    statuses: readonly WebhookDeliveryStatus[];
    at: string;
  },
): Promise<number> {
  let update = tx
    .updateTable('webhookDeliveries')
    .set({ ...again, nextAttemptAt: given.at })
    .where('endpointId', '=', given.endpointId)
    .where('status', 'in', given.statuses)
    .where('createdAt', '>=', given.since);
  if (given.until !== undefined) update = update.where('createdAt', '<', given.until);
  return Number((await update.executeTakeFirstOrThrow()).numUpdatedRows);
}

/** Gives up what waits for an endpoint. */
export async function skipPending(tx: Writer, endpointId: string): Promise<void> {
  await tx
    .updateTable('webhookDeliveries')
    .set({ status: 'skipped', nextAttemptAt: null, claimedBy: null, leaseUntil: null })
    .where('endpointId', '=', endpointId)
    .where('status', '=', 'pending')
    .execute();
}

/** Forgets at most `limit` deliveries of events before an instant; returns how many. */
export async function sweep(tx: Writer, { before, limit }: { before: string; limit: number }): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('webhookDeliveries')
    .where('id', 'in', (eb) =>
      eb.selectFrom('webhookDeliveries').select('id').where('createdAt', '<', before).orderBy('createdAt').limit(limit),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
