/** Approvals: what an agent waits for, and the answer to it. */
import type { CallOptions, Requests } from './request.ts';
import type { AnswerApprovalRequest, Approval, ListApprovalsOptions } from './types.ts';

export type ApprovalCalls = ReturnType<typeof approvalCalls>;

/** The calls about approvals. */
export function approvalCalls(requests: Requests) {
  return {
    /** What the agent has asked leave for, oldest first. @param filter `status` to keep only those, e.g. `pending` */
    async listApprovals(
      sessionId: string,
      filter: ListApprovalsOptions = {},
      options: CallOptions = {},
    ): Promise<Approval[]> {
      return (await requests.json('listApprovals', { params: { id: sessionId }, query: filter }, options)).approvals;
    },

    /**
     * Answers an approval; the agent goes on.
     *
     * @param answer `decision` allow or deny, with deny a `message` for the agent, with allow an `updatedInput`
     * @throws AshApiError `approval_not_found`, `approval_answered_already`, `approval_expired`
     * @example await client.answerApproval(session.id, approval.id, { decision: 'allow' });
     */
    async answerApproval(
      sessionId: string,
      approvalId: string,
      answer: AnswerApprovalRequest,
      options: CallOptions = {},
    ): Promise<Approval> {
      const params = { id: sessionId, approvalId };
      return (await requests.json('answerApproval', { params, body: answer }, options)).approval;
    },
  };
}
