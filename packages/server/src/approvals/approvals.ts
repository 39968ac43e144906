/** Approvals: what agents wait for is listed and answered, once. */
import { type ApprovalAnswer, errors } from '@ash-ai/shared';
import type { Approval } from '@ash-ai/shared/contract';
import type { ApprovalsRoom } from '../http/rooms.ts';
import { type Log, toItem } from '../log/log.ts';
import * as approvalStore from '../store/approvals.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import type { Reader } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import type { Executor } from '../turns/executor.ts';

export class Approvals implements ApprovalsRoom {
  readonly #store: Store;
  readonly #log: Log;
  readonly #executor: Executor;

  constructor(rooms: { store: Store; log: Log; executor: Executor }) {
    this.#store = rooms.store;
    this.#log = rooms.log;
    this.#executor = rooms.executor;
  }

  async list(
    tenantId: string,
    sessionId: string,
    filter: { status?: Approval['status'] | undefined },
  ): Promise<Approval[]> {
    await needSession(this.#store.db, tenantId, sessionId);
    return (await approvalStore.list(this.#store.db, sessionId, filter)).map(toApproval);
  }

  async answer(tenantId: string, sessionId: string, approvalId: string, answer: ApprovalAnswer): Promise<Approval> {
    const at = new Date().toISOString();
    const dataText = JSON.stringify({ approvalId, ...answer });
    const { approval, seq } = await this.#store.write(async (tx) => {
      await needSession(tx, tenantId, sessionId);
      const before = await approvalStore.get(tx, sessionId, approvalId);
      if (before === undefined) throw errors.approval_not_found({ approvalId });
      if (before.status === 'expired') throw errors.approval_expired({ approvalId });
      const answered = await approvalStore.answer(tx, { id: approvalId, answer, at });
      if (answered === undefined) throw errors.approval_answered_already({ approvalId, status: before.status });
      const entries = [{ type: 'approval_answered', turnId: answered.turnId, createdAt: at, dataText }];
      const appended = await logStore.append(tx, { sessionId, entries });
      if (typeof appended === 'string') throw new Error(`an entry without a lease was refused: ${appended}`);
      return { approval: answered, seq: appended.lastSeq };
    });
    const { turnId } = approval;
    this.#log.publish(sessionId, [
      toItem({ sessionId, seq, type: 'approval_answered', turnId, dataText, createdAt: at }),
    ]);
    this.#executor.answer(sessionId, approvalId, answer);
    return toApproval(approval);
  }
}

async function needSession(db: Reader, tenantId: string, sessionId: string): Promise<void> {
  if ((await sessionStore.get(db, tenantId, sessionId)) === undefined) throw errors.session_not_found({ sessionId });
}

function toApproval(row: approvalStore.ApprovalRow): Approval {
  const { id, sessionId, turnId, status, createdAt, answeredAt } = row;
  const { approvalId: _, ...request } = row.request;
  return { id, sessionId, turnId, status, ...request, createdAt, answeredAt };
}
