/** Approvals that came with a batch of entries: rows, so that they can be listed and answered once. */
import type { ApprovalRequest } from '@ash-ai/shared';
import * as approvalStore from '../store/approvals.ts';
import type { Writer } from '../store/row.ts';
import type { RecordedEntry } from './record.ts';

/** Stores the approvals among the entries and which answers were taken, in the transaction that appends them. */
export async function noteApprovals(
  tx: Writer,
  {
    sessionId,
    entries,
    taken,
  }: { sessionId: string; entries: readonly (RecordedEntry & { createdAt: string })[]; taken: readonly string[] },
): Promise<void> {
  for (const { type, turnId, dataText, createdAt } of entries) {
    if (type !== 'approval_requested' || turnId === null) continue;
    const request = JSON.parse(dataText) as ApprovalRequest;
    await approvalStore.insert(tx, { sessionId, turnId, request, createdAt });
  }
  for (const id of taken) await approvalStore.setTold(tx, { sessionId, id });
}
