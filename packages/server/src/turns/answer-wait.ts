/** How a turn waits for an answer without a sandbox, and how an answer gets to a sandbox that was there all along. */
import type { AwakeSandbox } from '@ash-ai/sandbox';
import type { KnownApproval } from '@ash-ai/shared/bridge-wire';
import * as approvalStore from '../store/approvals.ts';
import type { Reader } from '../store/row.ts';

export class AnswerWait {
  #changed: PromiseWithResolvers<void> | undefined;

  /** There may be an answer, or no more reason to wait. */
  look(): void {
    this.#changed?.resolve();
  }

  /**
   * What a turn waits for whose sandbox is gone, as soon as there is an answer among it. Empty when it waits for nothing;
   * undefined when it is not to go on.
   */
  async approvals({
    untold,
    givenUp,
  }: {
    untold: () => Promise<KnownApproval[]>;
    givenUp: () => boolean;
  }): Promise<KnownApproval[] | undefined> {
    try {
      for (;;) {
        const changed = Promise.withResolvers<void>();
        this.#changed = changed;
        if (givenUp()) return undefined;
        const approvals = await untold();
        if (givenUp()) return undefined;
        if (approvals.length === 0 || approvals.some(({ answer }) => answer !== undefined)) return approvals;
        await changed.promise;
      }
    } finally {
      this.#changed = undefined;
    }
  }
}

/** Tells a sandbox the answers that came while nobody was attached; those that it has it ignores. */
export async function tellAnswers(db: Reader, turnId: string, sandbox: AwakeSandbox | undefined): Promise<void> {
  for (const { request, answer } of await approvalStore.untold(db, turnId)) {
    if (answer !== undefined) sandbox?.answer(request.approvalId, answer);
  }
}
