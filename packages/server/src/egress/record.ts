/** Writes down what left a sandbox, in the transaction that commits the frames that say so: exactly once, or not at all. */
import type { EgressRecord } from '@ash-ai/shared/egress';
import * as egressStore from '../store/egress.ts';
import type { Writer } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import { monthOf } from './terms.ts';

/** Records decisions of a session. */
export async function recordEgress(
  tx: Writer,
  {
    sessionId,
    egress,
    at,
  }: { sessionId: string; egress: readonly { turnId: string | null; record: EgressRecord }[]; at: string },
): Promise<void> {
  if (egress.length === 0) return;
  await egressStore.append(tx, sessionId, egress);
  let tokens = 0;
  let costUsd = 0;
  for (const { record } of egress) {
    costUsd += record.costUsd ?? 0;
    const { input = 0, output = 0, cacheWrite = 0, cacheRead = 0 } = record.tokens ?? {};
    tokens += input + output + cacheWrite + cacheRead;
  }
  if (tokens === 0 && costUsd === 0) return;
  const session = await sessionStore.getById(tx, sessionId);
  if (session === undefined) return;
  const { tenantId } = session;
  await egressStore.addSpend(tx, { sessionId, tenantId, month: monthOf(at), tokens: Math.round(tokens), costUsd });
}
