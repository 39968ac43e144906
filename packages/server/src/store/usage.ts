/** Usage: what sessions used, one row per amount. */
import { firstIdAt } from '@ash-ai/shared';
import type { Selectable } from 'kysely';
import { preparedInsert } from './prepared.ts';
import { PAGE_LIMIT, type Reader, type Writer } from './row.ts';
import type { Tables } from './tables.ts';

export type UsageRow = Selectable<Tables['usageEvents']>;

/** Which rows: those of a tenant that match everything given. */
export interface UsageFilter {
  readonly sessionId?: string | undefined;
  readonly agentName?: string | undefined;
  /** Not before this instant. */
  readonly after?: string | undefined;
  /** Not after this instant. */
  readonly before?: string | undefined;
}

/** Stores amounts. */
export const insert = preparedInsert('usageEvents', [
  ...(['id', 'tenantId', 'sessionId', 'agentName', 'eventType', 'value', 'createdAt'] as const),
]);

/** A tenant's amounts, newest first. */
export async function list(
  db: Reader,
  tenantId: string,
  filter: UsageFilter & { limit?: number | undefined } = {},
): Promise<UsageRow[]> {
  return await matching(db, tenantId, filter)
    .selectAll()
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? PAGE_LIMIT)
    .execute();
}

/** The sums of a tenant's amounts by type; types without any are left out. */
export async function totals(
  db: Reader,
  tenantId: string,
  filter: UsageFilter = {},
): Promise<Partial<Record<string, number>>> {
  const rows = await matching(db, tenantId, filter)
    .select((eb) => ['eventType', eb.fn.sum<number>('value').as('total')])
    .groupBy('eventType')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.eventType, row.total]));
}

/** Forgets at most `limit` amounts from before an instant, of all tenants; returns how many. */
export async function sweep(tx: Writer, { before, limit }: { before: string; limit: number }): Promise<number> {
  const { numDeletedRows } = await tx
    .deleteFrom('usageEvents')
    .where('id', 'in', (eb) =>
      eb
        .selectFrom('usageEvents')
        .select('id')
        // Ids are in the order of time, which saves an index.
        .where('id', '<', firstIdAt(Date.parse(before)))
        .where('createdAt', '<', before)
        .orderBy('id')
        .limit(limit),
    )
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

function matching(db: Reader, tenantId: string, { sessionId, agentName, after, before }: UsageFilter) {
  let query = db.selectFrom('usageEvents').where('tenantId', '=', tenantId);
  if (sessionId !== undefined) query = query.where('sessionId', '=', sessionId);
  if (agentName !== undefined) query = query.where('agentName', '=', agentName);
  if (after !== undefined) query = query.where('createdAt', '>=', after);
  if (before !== undefined) query = query.where('createdAt', '<=', before);
  return query;
}
