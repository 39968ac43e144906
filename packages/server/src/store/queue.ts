/** Queue items: claimed by one server at a time under a lease that runs out when the server dies. */
import { firstIdAt } from '@ash-ai/shared';
import { type Selectable, sql } from 'kysely';
import { PAGE_LIMIT, parseJson, type Reader, type Writer } from './row.ts';
import type { QueueItemStatus, Tables } from './tables.ts';
import * as deliveryStore from './webhook-deliveries.ts';

type Row = Selectable<Tables['queueItems']>;
export type QueueItemRow = Row;

/** Stores a pending item. The prompt is kept as JSON text: it may hold anything that a message may. */
export async function insert(
  tx: Writer,
  item: Pick<Row, 'id' | 'tenantId' | 'sessionId' | 'agentName' | 'prompt' | 'priority' | 'maxRetries' | 'createdAt'>,
): Promise<QueueItemRow> {
  const values = { ...item, prompt: JSON.stringify(item.prompt) };
  return toItem(await tx.insertInto('queueItems').values(values).returningAll().executeTakeFirstOrThrow());
}

/** An item of a tenant; another tenant's is a missing one. */
export async function get(db: Reader, tenantId: string, id: string): Promise<QueueItemRow | undefined> {
  const query = db.selectFrom('queueItems').selectAll().where('tenantId', '=', tenantId).where('id', '=', id);
  const row = await query.executeTakeFirst();
  return row && toItem(row);
}

/** A tenant's items, newest first. */
export async function list(
  db: Reader,
  tenantId: string,
  { status, limit = PAGE_LIMIT }: { status?: QueueItemStatus | undefined; limit?: number | undefined } = {},
): Promise<QueueItemRow[]> {
  let query = db.selectFrom('queueItems').selectAll().where('tenantId', '=', tenantId);
  if (status !== undefined) query = query.where('status', '=', status);
  return (await query.orderBy('createdAt', 'desc').orderBy('id', 'desc').limit(limit).execute()).map(toItem);
}

/** How many items are in each state: of one tenant, or of all. */
export async function countByStatus(db: Reader, tenantId?: string): Promise<Record<QueueItemStatus, number>> {
  let query = db.selectFrom('queueItems').select((eb) => ['status', eb.fn.countAll<number>().as('count')]);
  if (tenantId !== undefined) query = query.where('tenantId', '=', tenantId);
  const none = { pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 };
  const rows = await query.groupBy('status').execute();
  return { ...none, ...Object.fromEntries(rows.map((row) => [row.status, row.count])) };
}

/** pending → cancelled; undefined when the tenant has no such item that is pending. */
export async function cancel(
  tx: Writer,
  { tenantId, id, at }: { tenantId: string; id: string; at: string },
): Promise<QueueItemRow | undefined> {
  const row = await tx
    .updateTable('queueItems')
    .set({ status: 'cancelled', completedAt: at, retryAfter: null })
    .where('tenantId', '=', tenantId)
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  if (row !== undefined) await tell(tx, row);
  return row && toItem(row);
}

export interface Claim {
  readonly holder: string;
  readonly at: string;
  readonly leaseUntil: string;
}

/**
 * Claims the item that is due: the highest priority first, then the oldest. Also one whose holder let its lease run out;
 * but never one that is its own already, whatever the clock says.
 * A session's items are claimed one after another. Of racing claims of one item one wins.
 */
export async function claim(tx: Writer, { holder, at, leaseUntil }: Claim): Promise<QueueItemRow | undefined> {
  for (;;) {
    const next = await due(tx, at)
      .where((eb) => eb.or([eb('status', '=', 'pending'), eb('claimedBy', '<>', holder)]))
      .select('id')
      .orderBy('priority', 'desc')
      .orderBy('createdAt')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    if (next === undefined) return undefined;
    const row = await tx
      .updateTable('queueItems')
      .set({ status: 'processing', claimedBy: holder, leaseUntil, retryAfter: null })
      // An item that is taken over goes on with the attempt that its holder started.
      .set({
        startedAt: sql<string>`case when status = 'pending' then ${at} else started_at end`,
        turnId: sql<string | null>`case when status = 'pending' then null else turn_id end`,
      })
      .where('id', '=', next.id)
      .where((eb) =>
        eb.or([eb('status', '=', 'pending'), eb.and([eb('status', '=', 'processing'), eb('leaseUntil', '<', at)])]),
      )
      .returningAll()
      .executeTakeFirst();
    if (row !== undefined) return toItem(row);
  }
}

/** Makes the leases of a holder longer; returns the ids of the items that it still holds. */
export async function renew(
  tx: Writer,
  { holder, leaseUntil }: { holder: string; leaseUntil: string },
): Promise<string[]> {
  const rows = await held(tx, holder).set({ leaseUntil }).returning('id').execute();
  return rows.map((row) => row.id);
}

/** Lets every lease of a holder run out, or every lease there is: whoever claims next takes the items over. */
export async function expireLeases(tx: Writer, holder?: string): Promise<void> {
  const all = tx.updateTable('queueItems').where('status', '=', 'processing');
  await (holder === undefined ? all : held(tx, holder)).set({ leaseUntil: '' }).execute();
}

/** Changes an item that the holder has; undefined when somebody else has it by now. */
export async function update(
  tx: Writer,
  { id, holder, patch }: { id: string; holder: string; patch: Partial<Omit<Row, 'id' | 'tenantId' | 'prompt'>> },
): Promise<QueueItemRow | undefined> {
  const row = await held(tx, holder).set(patch).where('id', '=', id).returningAll().executeTakeFirst();
  if (row !== undefined) await tell(tx, row);
  return row && toItem(row);
}

/** Forgets at most `limit` items that ended before an instant; returns how many. Their sessions stay. */
export async function sweep(tx: Writer, { before, limit }: { before: string; limit: number }): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('queueItems')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('queueItems')
        .select('id')
        // What ended before was made before: ids are in the order of time, which saves an index.
        .where('id', '<', firstIdAt(Date.parse(before)))
        .where('status', 'in', ['completed', 'failed', 'cancelled'])
        .where('completedAt', '<', before)
        .orderBy('id')
        .limit(limit),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Webhooks are told of an end in the transaction that makes it true. */
async function tell(tx: Writer, { id, tenantId, status, completedAt: at }: Row): Promise<void> {
  if (status === 'pending' || status === 'processing' || at === null) return;
  const event = { type: `queue_item.${status}`, eventId: `msg_${id}_${status}`, at, queueItemId: id };
  await deliveryStore.record(tx, tenantId, [event]);
}

function held(tx: Writer, holder: string) {
  return tx.updateTable('queueItems').where('status', '=', 'processing').where('claimedBy', '=', holder);
}

function due(tx: Writer, at: string) {
  return tx
    .selectFrom('queueItems')
    .where((eb) =>
      eb.or([
        eb.and([eb('status', '=', 'pending'), eb.or([eb('retryAfter', 'is', null), eb('retryAfter', '<=', at)])]),
        eb.and([eb('status', '=', 'processing'), eb('leaseUntil', '<', at)]),
      ]),
    )
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('queueItems as other')
            .select('other.id')
            .whereRef('other.sessionId', '=', 'queueItems.sessionId')
            .whereRef('other.id', '<>', 'queueItems.id')
            .where('other.status', '=', 'processing')
            .where('other.leaseUntil', '>=', at),
        ),
      ),
    );
}

function toItem(row: Row): QueueItemRow {
  return parseJson(row, ['prompt']) as QueueItemRow;
}
