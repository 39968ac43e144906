/** What the runtime asks leave for: told once, answered once, and found again when a turn goes on after its process died. */
import { isDeepStrictEqual } from 'node:util';
import type { ApprovalAnswer, ApprovalRequest } from '@ash-ai/shared';
import type { KnownApproval } from '@ash-ai/shared/bridge-wire';

/** A question of the runtime; it may come twice with one `requestId`. */
export interface AskedFor {
  requestId: string;
  toolName: string;
  input: Record<string, unknown>;
  toolUseId: string;
  agentId?: string | undefined;
  reason?: string | undefined;
  title?: string | undefined;
  description?: string | undefined;
}

/** Resolves with the answer; with a refusal when `signal` is aborted. */
export type Ask = (asked: AskedFor, signal: AbortSignal) => Promise<ApprovalAnswer>;

/** So many may wait at once: each is a frame, and an entry of the log, that only a person ends. */
const maxWaiting = 256;
/** So many requests are remembered, in case they come twice. */
const maxRemembered = 4_096;

const tooMany: ApprovalAnswer = {
  decision: 'deny',
  message: `${maxWaiting} other questions wait for an answer already.`,
};
const nobodyThere: ApprovalAnswer = { decision: 'deny', message: 'Nobody is there to be asked.' };

export interface ApprovalsOptions {
  newId: () => string;
  /** Passes a request on; false when there is nobody to pass it on to. */
  tell: (request: ApprovalRequest) => boolean;
  /** Notes, before the runtime gets an answer, that it got it. */
  taken: (approvalId: string) => void;
}

export class Approvals {
  readonly #options: ApprovalsOptions;
  /** Answers by the runtime's request, so that a request that comes twice is one. */
  readonly #asked = new Map<string, Promise<ApprovalAnswer>>();
  readonly #waiting = new Map<string, (answer: ApprovalAnswer) => void>();
  #known: KnownApproval[] = [];

  constructor(options: ApprovalsOptions) {
    this.#options = options;
  }

  /** A turn is over, and with it what it waited for. */
  forget(): void {
    this.#known = [];
  }

  /** The runtime will ask for these again, by their content: a restarted one has new ids for everything. */
  expect(known: readonly KnownApproval[]): void {
    this.#known = [...known];
  }

  ask(asked: AskedFor, signal: AbortSignal): Promise<ApprovalAnswer> {
    const before = this.#asked.get(asked.requestId);
    if (before !== undefined) return before;
    if (this.#waiting.size >= maxWaiting) return Promise.resolve(tooMany);
    const answer = this.#begin(asked, signal);
    this.#asked.set(asked.requestId, answer);
    const [oldest] = this.#asked.keys();
    if (this.#asked.size > maxRemembered && oldest !== undefined) this.#asked.delete(oldest);
    return answer;
  }

  /** Answers what the runtime waits for; anything else is ignored. */
  answer(approvalId: string, answer: ApprovalAnswer): void {
    // An answer may overtake the question of a runtime that has just been restarted.
    const known = this.#known.find(({ request }) => request.approvalId === approvalId);
    if (known !== undefined) known.answer ??= answer;
    const waiting = this.#waiting.get(approvalId);
    if (waiting === undefined) return;
    this.#options.taken(approvalId);
    waiting(answer);
  }

  #begin(asked: AskedFor, signal: AbortSignal): Promise<ApprovalAnswer> {
    const known = this.#takeKnown(asked);
    if (known?.answer !== undefined) {
      this.#options.taken(known.request.approvalId);
      return Promise.resolve(known.answer);
    }
    const { requestId: _, ...rest } = asked;
    const request = known?.request ?? ({ approvalId: this.#options.newId(), ...rest } as ApprovalRequest);
    return new Promise((resolve) => {
      const over = (answer: ApprovalAnswer): void => {
        this.#waiting.delete(request.approvalId);
        resolve(answer);
      };
      this.#waiting.set(request.approvalId, over);
      signal.addEventListener('abort', () => over({ decision: 'deny', message: 'The turn was interrupted.' }));
      if (known === undefined && !this.#options.tell(request)) over(nobodyThere);
    });
  }

  #takeKnown({ toolName, input }: AskedFor): KnownApproval | undefined {
    const index = this.#known.findIndex(
      ({ request }) => request.toolName === toolName && isDeepStrictEqual(request.input, input),
    );
    return index === -1 ? undefined : this.#known.splice(index, 1)[0];
  }
}
