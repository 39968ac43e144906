/** Approvals: list what an agent waits for, and answer it. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import type { ApprovalsRoom } from '../rooms.ts';

/** The handlers of the approval routes. */
export function approvalHandlers(
  approvals: ApprovalsRoom,
): HandlersOf<Pick<Contract, 'listApprovals' | 'answerApproval'>> {
  return {
    listApprovals: async ({ tenantId, params, query }) => ({
      approvals: await approvals.list(tenantId, params.id, query),
    }),
    answerApproval: async ({ tenantId, params, body }) => ({
      approval: await approvals.answer(tenantId, params.id, params.approvalId, body),
    }),
  };
}
