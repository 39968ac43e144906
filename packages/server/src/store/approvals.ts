/** Approvals: what agents have asked leave for, and what was answered. */
import type { ApprovalAnswer, ApprovalRequest } from '@ash-ai/shared';
import type { KnownApproval } from '@ash-ai/shared/bridge-wire';
import type { Selectable } from 'kysely';
import { prepared } from './prepared.ts';
import { parseJson, type Reader, type Writer } from './row.ts';
import type { ApprovalStatus, Tables } from './tables.ts';

type Row = Selectable<Tables['approvals']>;

/** What is stored of an answer; `told` is false as long as no runtime has got it. */
type StoredAnswer = ApprovalAnswer & { told: boolean };

/** An approval; `request` and `answer` parsed. */
export type ApprovalRow = Omit<Row, 'request' | 'answer'> & { request: ApprovalRequest; answer: StoredAnswer | null };

/** Stores a pending approval; one that is there already stays as it is. */
export async function insert(
  tx: Writer,
  approval: { sessionId: string; turnId: string; request: ApprovalRequest; createdAt: string },
): Promise<void> {
  const { request, sessionId, ...rest } = approval;
  const { tenantId } = await tx
    .selectFrom('sessions')
    .select('tenantId')
    .where('id', '=', sessionId)
    .executeTakeFirstOrThrow();
  await tx
    .insertInto('approvals')
    .values({
      id: request.approvalId,
      tenantId,
      sessionId,
      ...rest,
      request: JSON.stringify(request),
      answer: null,
      answeredAt: null,
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** An approval of a session. */
export async function get(db: Reader, sessionId: string, id: string): Promise<ApprovalRow | undefined> {
  const row = await all(db).where('sessionId', '=', sessionId).where('id', '=', id).executeTakeFirst();
  return row && toApproval(row);
}

/** A session's approvals, oldest first. */
export async function list(
  db: Reader,
  sessionId: string,
  { status }: { status?: ApprovalStatus | undefined } = {},
): Promise<ApprovalRow[]> {
  let query = all(db).where('sessionId', '=', sessionId).orderBy('createdAt').orderBy('id');
  if (status !== undefined) query = query.where('status', '=', status);
  return (await query.execute()).map(toApproval);
}

/** Those of a turn's approvals that no runtime has got an answer to: the turn waits for them still. */
export async function untold(db: Reader, turnId: string): Promise<KnownApproval[]> {
  const rows = await all(db).where('turnId', '=', turnId).orderBy('createdAt').orderBy('id').execute();
  return rows
    .map(toApproval)
    .filter((row) => row.status === 'pending' || row.answer?.told === false)
    .map(toKnown);
}

/** A runtime has got the answer. */
export async function setTold(tx: Writer, { sessionId, id }: { sessionId: string; id: string }): Promise<void> {
  const approval = await get(tx, sessionId, id);
  if (approval === undefined || approval.answer === null) return;
  const text = JSON.stringify({ ...approval.answer, told: true });
  await tx.updateTable('approvals').set({ answer: text }).where('id', '=', id).execute();
}

/** pending → allowed or denied; undefined when it is not pending any more. */
export async function answer(
  tx: Writer,
  { id, answer: given, at }: { id: string; answer: ApprovalAnswer; at: string },
): Promise<ApprovalRow | undefined> {
  const row = await tx
    .updateTable('approvals')
    .set({
      status: given.decision === 'allow' ? 'allowed' : 'denied',
      answer: JSON.stringify({ ...given, told: false }),
      answeredAt: at,
    })
    .where('id', '=', id)
    .where('status', '=', 'pending')
    .returningAll()
    .executeTakeFirst();
  return row && toApproval(row);
}

const expirePending = prepared((tx, { turnId, at }: { turnId: string; at: string }) =>
  tx
    .updateTable('approvals')
    .set({ status: 'expired', answeredAt: at })
    .where('turnId', '=', turnId)
    .where('status', '=', 'pending'),
);

/** pending → expired, for a turn that has ended. */
export async function expire(tx: Writer, { turnId, at }: { turnId: string; at: string }): Promise<void> {
  await expirePending(tx, { turnId, at });
}

function all(db: Reader) {
  return db.selectFrom('approvals').selectAll();
}

function toKnown({ request, answer: given }: ApprovalRow): KnownApproval {
  if (given === null) return { request };
  const { told: _, ...stored } = given;
  return { request, answer: stored };
}

function toApproval(row: Row): ApprovalRow {
  return parseJson(row, ['request', 'answer']) as ApprovalRow;
}
