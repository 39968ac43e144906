/** Carries a session's turns, one at a time, to their ends: over interrupts, stops and deaths of the sandbox. */
import { LeaseLost } from '@ash-ai/sandbox';
import { type ApprovalAnswer, errors, isAshError, type TurnEnded } from '@ash-ai/shared';
import type { RuntimeOptions } from '@ash-ai/shared/bridge-wire';
import * as approvalStore from '../store/approvals.ts';
import { AnswerWait, tellAnswers } from './answer-wait.ts';
import type { Current } from './current.ts';
import { interrupted, lost } from './endings.ts';
import { LaneSandbox, type SandboxOwner, type SandboxRooms } from './lane-sandbox.ts';
import type { Recorded } from './record.ts';

/** What the lane has to do with it. */
export type CarriageOwner = Pick<SandboxOwner, 'sessionId' | 'ledger' | 'detached' | 'admit'> & {
  /** The sandbox is gone. */
  gone(): void;
};

export class Carriage {
  readonly sandbox: LaneSandbox;
  readonly #rooms: SandboxRooms;
  readonly #owner: CarriageOwner;
  /** What a turn whose sandbox is gone waits for. */
  readonly #answers = new AnswerWait();
  #current: Current | undefined;
  #stop: TurnEnded | undefined;

  constructor(rooms: SandboxRooms, owner: CarriageOwner) {
    this.#rooms = rooms;
    this.#owner = owner;
    const { sessionId, ledger, detached, admit } = owner;
    this.sandbox = new LaneSandbox(rooms, {
      ...{ sessionId, ledger, detached, admit },
      stopped: () => this.#stop !== undefined,
      heard: (part) => this.#heard(part),
      gone: (current) => {
        // One that was put to sleep has no turn; the turn that is current by now waits for its successor.
        if (current) this.#current?.over.resolve();
        owner.gone();
      },
    });
  }

  /** Has a turn in hand while `work` goes on: from here on it can be interrupted. */
  async holding(current: Current | undefined, work: () => Promise<void>): Promise<void> {
    this.#current = current;
    try {
      await work();
    } finally {
      this.#current = undefined;
    }
  }

  /** Interrupts the turn in hand, or only this one; its id, null when it isn't in hand. */
  interrupt(turnId = this.#current?.id): string | null {
    const current = this.#current;
    if (current === undefined || current.id !== turnId) return null;
    current.interrupted = true;
    this.sandbox.live?.interrupt(current.id);
    this.#answers.look();
    return current.id;
  }

  /** Passes on the answer to an approval, which is in the store by now. */
  answer(approvalId: string, answer: ApprovalAnswer): void {
    this.sandbox.live?.answer(approvalId, answer);
    this.#answers.look();
  }

  /** While `work` ends the sandbox, the turn in hand ends like this. */
  async stopping(end: TurnEnded, work: () => Promise<void>): Promise<void> {
    this.#stop = end;
    this.#answers.look();
    try {
      await work();
    } finally {
      this.#stop = undefined;
    }
  }

  /** Lets go of everything without ending it. */
  detach(): void {
    this.sandbox.live?.detach();
    this.#current?.over.resolve();
    this.#answers.look();
  }

  /** Carries the turn in hand to its end. A sandbox that dies before it said anything of the turn is replaced once. */
  async carry(current: Current): Promise<void> {
    const { sandbox } = this;
    const { ledger, sessionId, detached } = this.#owner;
    const { signal } = detached;
    try {
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        // Remains have things to tell, and nothing else.
        if (sandbox.live?.path === 'remains') await sandbox.gone;
        if (sandbox.live === undefined) {
          if (current.ended) return;
          if (current.interrupted || this.#stop !== undefined) break;
          const goOn = current.seen ? await this.#goOn(current) : undefined;
          if (signal.aborted) return;
          if (current.seen && goOn === undefined) break;
          Object.assign(current, { given: false, over: Promise.withResolvers<void>() });
          if (goOn !== undefined) {
            attempt = 1;
            await sandbox.wake(current.options, goOn);
          }
        }
        if (!sandbox.runs(current.id)) await sandbox.wake(current.options);
        if (signal.aborted) return;
        if (this.#stop !== undefined || (current.interrupted && !current.given)) break;
        current.given = true;
        sandbox.run(current);
        if (current.seen) await tellAnswers(this.#rooms.store.db, current.id, sandbox.live);
        if (current.interrupted) sandbox.live?.interrupt(current.id);
        await current.over.promise;
        if (current.ended || signal.aborted) return;
      }
      await ledger.end(current.id, this.#stop ?? (current.interrupted ? interrupted : lost('its process ended')));
    } catch (cause) {
      if (signal.aborted) return;
      if (cause instanceof LeaseLost) throw cause;
      if (!isAshError(cause)) this.#rooms.logger.error({ sessionId, err: cause }, 'turn failed');
      const { code, message } = isAshError(cause) ? cause : errors.internal();
      await ledger.end(current.id, this.#stop ?? { outcome: 'failed', failure: { code, error: message } });
    } finally {
      this.#current = undefined;
    }
  }

  /** What a turn goes on with whose sandbox is gone; undefined when it waited for no answer, or is not to go on. */
  #goOn(current: Current): Promise<RuntimeOptions['goOn']> {
    return this.#answers.goOn(current.id, {
      untold: () => this.#owner.ledger.patiently(() => approvalStore.untold(this.#rooms.store.db, current.id)),
      givenUp: () => current.interrupted || this.#stop !== undefined || this.#owner.detached.signal.aborted,
    });
  }

  #heard({ entries, ended, previews }: Recorded): void {
    const current = this.#current;
    if (current !== undefined && [...entries, ...previews].some((item) => item.turnId === current.id)) {
      current.seen = true;
    }
    for (const preview of previews) this.#rooms.log.publishPreview(this.#owner.sessionId, preview);
    if (current !== undefined && ended.some((end) => end.turnId === current.id)) {
      current.ended = true;
      current.over.resolve();
    }
  }
}
