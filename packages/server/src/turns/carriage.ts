/** Carries a session's turns, one at a time, to their ends: over interrupts, stops and deaths of the sandbox. */
import { LeaseLost } from '@ash-ai/sandbox';
import { type ApprovalAnswer, errors, isAshError, type TurnEnded } from '@ash-ai/shared';
import * as approvalStore from '../store/approvals.ts';
import { AnswerWait, tellAnswers } from './answer-wait.ts';
import type { Current } from './current.ts';
import { interrupted } from './endings.ts';
import { LaneSandbox, type SandboxOwner, type SandboxRooms } from './lane-sandbox.ts';
import type { Recorded } from './record.ts';
import { type Going, Recovery } from './recovery.ts';
import { turnSoFar } from './so-far.ts';

/** What the lane has to do with it. */
export type CarriageOwner = Pick<SandboxOwner, 'sessionId' | 'ledger' | 'detached' | 'admit'> & {
  /** The sandbox is gone. */
  gone(): void;
  /** The turn in hand does nothing from now on but wait for an answer. */
  waits(): void;
};

export class Carriage {
  readonly sandbox: LaneSandbox;
  readonly #rooms: SandboxRooms;
  readonly #owner: CarriageOwner;
  /** What a turn whose sandbox is gone waits for. */
  readonly #answers = new AnswerWait();
  #current: Current | undefined;
  /** The newest look whether the turn waits, unless something happened since. */
  #look: symbol | undefined;
  /** Whether the last that was said of the turn, but for previews, was a question. */
  #asked = false;
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
    if (this.#current !== undefined) this.#current.waits = false;
    this.#look = undefined;
    this.sandbox.live?.answer(approvalId, answer);
    this.#answers.look();
  }

  /** Whether the turn in hand does nothing but wait for answers, so that its sandbox may be put to sleep. */
  get waits(): boolean {
    return this.#current?.waits ?? false;
  }

  /** Whether it waits without a sandbox. */
  get resting(): boolean {
    return this.#current?.resting ?? false;
  }

  /**
   * Ends the sandbox of a turn that waits. At once, as a runtime that is closed would write down that it was interrupted,
   * and not ask again.
   */
  async rest(): Promise<void> {
    const current = this.#current;
    if (current === undefined || !current.waits) return;
    current.resting = true;
    await this.#rooms.runner.kill(this.#owner.sessionId);
    await this.sandbox.gone;
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

  /** Carries the turn in hand to its end. When its sandbox dies, another one goes on with it, for some times. */
  async carry(current: Current): Promise<void> {
    const { sandbox } = this;
    const { ledger, sessionId, detached } = this.#owner;
    const { signal } = detached;
    try {
      while (!current.ended && !this.#leavesOff(current)) {
        // What ended before is seen below; what ends from here on, also of an earlier sandbox, makes one more round.
        current.over = Promise.withResolvers();
        // Remains have things to tell, and nothing else.
        if (sandbox.live?.path === 'remains') await sandbox.gone;
        if (current.ended || this.#leavesOff(current)) break;
        const again = current.given;
        let { content } = current;
        if (again && sandbox.live === undefined) {
          const going = await this.#recover(current);
          if (going === 'ended') return;
          if (going === undefined) break;
          Object.assign(current, {
            cut: undefined,
            resting: false,
            unbegun: false,
            over: Promise.withResolvers<void>(),
          });
          if ('goOn' in going) await sandbox.wake(current.options, going.goOn);
          else content = going.again;
        }
        if (!sandbox.runs(current.id)) await sandbox.wake(current.options);
        if (this.#leavesOff(current)) break;
        current.given = true;
        sandbox.run({ ...current, content });
        if (again) await ledger.patiently(() => tellAnswers(this.#rooms.store.db, current.id, sandbox.live));
        if (current.interrupted) sandbox.live?.interrupt(current.id);
        await current.over.promise;
      }
      if (current.ended || signal.aborted) return;
      await ledger.end(current.id, this.#stop ?? interrupted);
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

  /** Whether nothing is to be begun of the turn any more; a sandbox that has it ends it itself. */
  #leavesOff(current: Current): boolean {
    const withSandbox = current.given && this.sandbox.live !== undefined;
    return this.#owner.detached.signal.aborted || this.#stop !== undefined || (current.interrupted && !withSandbox);
  }

  /** How the turn goes on whose sandbox is gone; undefined when it is not to go on. */
  async #recover(current: Current): Promise<Going | undefined> {
    const { ledger, sessionId } = this.#owner;
    const { store, runner, maxRecoveries } = this.#rooms;
    const recovery = new Recovery(current, { store, runner, ledger, sessionId, maxRecoveries });
    if (!current.resting && !current.unbegun) await recovery.lost(current.cut);
    const approvals = await this.#answers.approvals({
      untold: () => ledger.patiently(() => approvalStore.untold(store.db, current.id)),
      givenUp: () => this.#leavesOff(current),
    });
    return approvals && (await recovery.goOn(approvals));
  }

  #heard({ entries, ended, cut, taken, previews }: Recorded): void {
    const current = this.#current;
    for (const { turnId, failure } of cut) if (turnId === current?.id) current.cut = failure;
    if (current !== undefined && entries.length + taken.length + previews.length > 0) {
      current.waits = false;
      this.#look = undefined;
      if (entries.some(({ type, turnId }) => type === 'approval_requested' && turnId === current.id))
        this.#asked = true;
      else if (entries.length + taken.length > 0) this.#asked = false;
      // The end of the reply that holds the call may be streamed after the question.
      if (this.#asked) void this.#lookWhetherItWaits(current);
    }
    for (const preview of previews) this.#rooms.log.publishPreview(this.#owner.sessionId, preview);
    if (current !== undefined && ended.some((end) => end.turnId === current.id)) {
      current.ended = true;
      current.over.resolve();
    }
  }

  /** It does when every call without a result waits for leave; whatever is said after this look has a look of its own. */
  async #lookWhetherItWaits(current: Current): Promise<void> {
    const look = Symbol();
    this.#look = look;
    const { db } = this.#rooms.store;
    const { sessionId } = this.#owner;
    const [{ calls }, untold] = await Promise.all([
      turnSoFar(db, { sessionId, turnId: current.id }),
      approvalStore.untold(db, current.id),
    ]);
    const asked = new Set(untold.filter(({ answer }) => answer === undefined).map(({ request }) => request.toolUseId));
    const open = [...calls].filter(([, { ended }]) => ended === undefined).map(([id]) => id);
    if (this.#look !== look || current !== this.#current || asked.size !== untold.length) return;
    current.waits = open.length === asked.size && open.every((id) => asked.has(id));
    if (current.waits) this.#owner.waits();
  }
}
