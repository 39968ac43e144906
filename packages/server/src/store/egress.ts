/** Egress records, bounded per session, and sums of what model calls used, which are not. */
import type { EgressRecord } from '@ash-ai/shared/egress';
import { prepared, preparedInsert } from './prepared.ts';
import type { Reader, Writer } from './row.ts';

/** Records that are kept of a session; the oldest go first, some at a time. */
const kept = 2000;
const slack = 200;

/** A record and where it belongs. */
export interface StoredRecord extends EgressRecord {
  seq: number;
  turnId: string | null;
}

const insert = preparedInsert('egressRecords', ['sessionId', 'seq', 'turnId', 'record']);

/** Appends records of a session. Only the holder of its lease may. */
export async function append(
  tx: Writer,
  sessionId: string,
  records: readonly { turnId: string | null; record: EgressRecord }[],
): Promise<void> {
  const last = await lastSeq(tx, sessionId);
  const rows = records.map(({ turnId, record }, index) => {
    return { sessionId, seq: last + index + 1, turnId, record: JSON.stringify(record) };
  });
  await insert(tx, rows);
  const next = last + rows.length;
  if (Math.floor(last / slack) === Math.floor(next / slack)) return;
  await tx
    .deleteFrom('egressRecords')
    .where('sessionId', '=', sessionId)
    .where('seq', '<=', next - kept)
    .execute();
}

/** Records of a session after one, oldest first. */
export async function list(
  db: Reader,
  sessionId: string,
  { after, limit }: { after: number; limit: number },
): Promise<StoredRecord[]> {
  const rows = await db
    .selectFrom('egressRecords')
    .selectAll()
    .where('sessionId', '=', sessionId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit)
    .execute();
  return rows.map(({ seq, turnId, record }) => ({ seq, turnId, ...(JSON.parse(record) as EgressRecord) }));
}

/** Forgets the records of a session. What its model calls used stays. */
export async function forget(tx: Writer, sessionId: string): Promise<void> {
  await tx.deleteFrom('egressRecords').where('sessionId', '=', sessionId).execute();
}

/** Adds to what a session's model calls used in a month. */
export async function addSpend(
  tx: Writer,
  spend: { sessionId: string; tenantId: string; month: string; tokens: number; costUsd: number },
): Promise<void> {
  await tx
    .insertInto('modelSpend')
    .values(spend)
    .onConflict((conflict) =>
      conflict.columns(['sessionId', 'month']).doUpdateSet((eb) => ({
        tokens: eb('modelSpend.tokens', '+', spend.tokens),
        costUsd: eb('modelSpend.costUsd', '+', spend.costUsd),
      })),
    )
    .execute();
}

/** What a session's model calls used in all. */
export async function sessionSpend(db: Reader, sessionId: string): Promise<{ tokens: number; costUsd: number }> {
  const sum = await db
    .selectFrom('modelSpend')
    .select((eb) => [eb.fn.sum<number>('tokens').as('tokens'), eb.fn.sum<number>('costUsd').as('costUsd')])
    .where('sessionId', '=', sessionId)
    .executeTakeFirst();
  return { tokens: Number(sum?.tokens ?? 0), costUsd: Number(sum?.costUsd ?? 0) };
}

/** What a tenant's model calls cost in a month. */
export async function tenantSpendUsd(db: Reader, tenantId: string, month: string): Promise<number> {
  const sum = await db
    .selectFrom('modelSpend')
    .select((eb) => eb.fn.sum<number>('costUsd').as('costUsd'))
    .where('tenantId', '=', tenantId)
    .where('month', '=', month)
    .executeTakeFirst();
  return Number(sum?.costUsd ?? 0);
}

const newest = prepared((db, { sessionId }: { sessionId: string }) =>
  db.selectFrom('egressRecords').select('seq').where('sessionId', '=', sessionId).orderBy('seq', 'desc').limit(1),
);

async function lastSeq(db: Reader, sessionId: string): Promise<number> {
  const [row] = await newest(db, { sessionId });
  return row?.seq ?? 0;
}
