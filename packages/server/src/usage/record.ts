/** Writes down what a session used, in the transaction that commits the entries that say so: exactly once, or not at all. */
import { newId } from '@ash-ai/shared';
import type { Writer } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import * as usageStore from '../store/usage.ts';
import { type CostMark, costOf } from './cost.ts';
import { computeSeconds, extractUsage, type UsageAmount } from './extract.ts';

/** Records the usage in entries of a session that this transaction appends. */
export async function recordUsage(
  tx: Writer,
  batch: { sessionId: string; entries: readonly { type: string; dataText: string }[]; at: string },
): Promise<void> {
  const { sessionId, entries, at } = batch;
  const { amounts, costs } = extractUsage(entries);
  if (amounts.length === 0) return;
  const session = await sessionStore.getById(tx, sessionId);
  if (session === undefined) return;
  let mark: CostMark = session;
  for (const report of costs) {
    // A runtime that failed before it could count says nothing.
    if (report.costTotal === 0) continue;
    const value = costOf(report, mark);
    if (value > 0) amounts.push({ eventType: 'cost_usd', value });
    mark = report;
  }
  await insert(tx, session, amounts, at);
  if (mark !== session) await sessionStore.setCostMark(tx, sessionId, mark);
}

/** Records how long a turn ran that this transaction ends. */
export async function recordTurnTime(
  tx: Writer,
  turn: { sessionId: string; startedAt: string | null; endedAt: string | null },
): Promise<void> {
  const amounts = computeSeconds(turn);
  const session = amounts.length === 0 ? undefined : await sessionStore.getById(tx, turn.sessionId);
  if (session !== undefined) await insert(tx, session, amounts, turn.endedAt ?? session.lastActiveAt);
}

async function insert(
  tx: Writer,
  { id: sessionId, tenantId, agentName }: sessionStore.SessionRow,
  amounts: readonly UsageAmount[],
  createdAt: string,
): Promise<void> {
  await usageStore.insert(
    tx,
    amounts.map((amount) => ({ id: newId(), tenantId, sessionId, agentName, ...amount, createdAt })),
  );
}
