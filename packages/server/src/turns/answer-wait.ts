/** How a turn waits for an answer without a sandbox, and how an answer gets to a sandbox that was there all along. */
import type { AwakeSandbox } from '@ash-ai/sandbox';
import type { KnownApproval, RuntimeOptions } from '@ash-ai/shared/bridge-wire';
import * as approvalStore from '../store/approvals.ts';
import type { Reader } from '../store/row.ts';

export class AnswerWait {
  #changed: PromiseWithResolvers<void> | undefined;

  /** There may be an answer, or no more reason to wait. */
  look(): void {
    this.#changed?.resolve();
  }

  /**
   * What a turn goes on with whose sandbox is gone while it waited for an answer: the answer, as soon as there is one.
   * Undefined when it waited for none, or waits no longer.
   */
  async goOn(
    turnId: string,
    { untold, givenUp }: { untold: () => Promise<KnownApproval[]>; givenUp: () => boolean },
  ): Promise<RuntimeOptions['goOn']> {
    try {
      for (;;) {
        const changed = Promise.withResolvers<void>();
        this.#changed = changed;
        if (givenUp()) return undefined;
        const approvals = await untold();
        if (approvals.length === 0) return undefined;
        if (approvals.some(({ answer }) => answer !== undefined)) return { turnId, approvals };
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
