/**
 * A session's lane: runs its turns one after another in its sandbox. It exists while the session is awake or has something
 * to do, and it alone holds the session's lease.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LeaseLost } from '@ash-ai/sandbox';
import { type ApprovalAnswer, errors, isAshError, type TurnEnded } from '@ash-ai/shared';
import * as turnStore from '../store/turns.ts';
import { Carriage } from './carriage.ts';
import { currentOf, type Turn, toTurn } from './current.ts';
import type { SandboxRooms } from './lane-sandbox.ts';
import { Ledger } from './ledger.ts';
import { takeUp } from './take-up.ts';

/** How long somebody waits who needs the sandbox of a turn that has none yet, in ms. */
const wakeWaitMs = 30_000;

/** What a lane needs of the rooms around it. */
export interface LaneRooms extends SandboxRooms {
  /** Resolves when one more session may be awake. @throws capacity_reached */
  admit(lane: Lane, tenantId: string): Promise<void>;
  /** The lane is awake already: it is counted, and put to sleep when it has been idle for long. */
  adopted(lane: Lane): void;
  /** The lane has become idle or has gone to sleep. */
  changed(lane: Lane): void;
}

export class Lane {
  readonly sessionId: string;
  /** When it last had something to do, by `performance.now()`. */
  idleSince = performance.now();
  readonly #rooms: LaneRooms;
  readonly #detached = new AbortController();
  readonly #ledger: Ledger;
  readonly #carriage: Carriage;
  /** Whose session it is, once what earlier owners left is taken up. */
  #tenantId: string | undefined;
  /** A turn that is being accepted while there is nothing else to do. */
  #coming: Turn | undefined;
  #work: Promise<void> | undefined;
  #again = false;

  constructor(sessionId: string, rooms: LaneRooms) {
    this.sessionId = sessionId;
    this.#rooms = rooms;
    this.#ledger = new Ledger(sessionId, rooms, this.#detached.signal);
    this.#carriage = new Carriage(rooms, {
      ...{ sessionId, ledger: this.#ledger, detached: this.#detached },
      admit: (tenantId) => rooms.admit(this, tenantId),
      gone: () => rooms.changed(this),
      waits: () => {
        this.idleSince = performance.now();
      },
    });
  }

  /** Whether it has a live sandbox, or one that is on its way out. */
  get awake(): boolean {
    return this.#carriage.sandbox.awake;
  }

  /** Resolves when it has nothing to do any more. */
  get done(): Promise<void> {
    return this.#work ?? Promise.resolve();
  }

  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** Whether nothing is lost when its sandbox goes to sleep: it is idle, or waits for answers that are asked for in the log. */
  get sleepable(): boolean {
    return this.awake && (!this.busy || this.#carriage.waits);
  }

  /** Whether its turn waits for an answer without a sandbox. */
  get resting(): boolean {
    return this.#carriage.resting;
  }

  /**
   * A turn of this tenant's is about to be stored, in the write before this: where writes share a commit, it is accepted and
   * started by one. When it isn't stored, or isn't the next one, nothing has happened.
   */
  ahead(tenantId: string, turn: Turn): boolean {
    if (this.busy || !this.awake || this.#tenantId !== tenantId || this.#detached.signal.aborted) return false;
    this.#coming = turn;
    this.nudge();
    return true;
  }

  /** Sees to it that queued turns are run. */
  nudge(): void {
    this.#again = true;
    this.#work ??= this.#drain();
  }

  /** Wakes the session ahead of its first message. A failure is left for the message to meet. */
  warm(): void {
    if (this.#work === undefined) this.#wake().catch(() => undefined);
  }

  /**
   * Wakes the session for something that is no turn.
   * @throws session_busy when its turn has no sandbox and gets none soon; what keeps the session from waking
   */
  async wake(): Promise<void> {
    const late = performance.now() + wakeWaitMs;
    while (!this.awake) {
      if (this.#work === undefined) return await this.#wake();
      if (this.resting || performance.now() > late) throw errors.session_busy({ sessionId: this.sessionId });
      await Promise.race([this.#work, delay(50)]);
    }
  }

  /** Interrupts the running turn, or only this one; the id of the turn, null when it doesn't run. */
  interrupt(turnId?: string): string | null {
    return this.#carriage.interrupt(turnId);
  }

  /** Passes on the answer to an approval, which is in the store by now. */
  answer(approvalId: string, answer: ApprovalAnswer): void {
    this.#carriage.answer(approvalId, answer);
  }

  /** Ends the sandbox at once and the running turn with it; resolves when both are over. */
  async stop(end: TurnEnded): Promise<void> {
    try {
      await this.#carriage.stopping(end, async () => {
        await this.#rooms.runner.kill(this.sessionId);
        await this.#work;
        await this.#carriage.sandbox.gone;
      });
    } finally {
      this.#rooms.changed(this);
    }
  }

  /** Ends the sandbox; files and conversation stay for the next turn, or for the answer. Only while {@link sleepable}. */
  async sleep(): Promise<void> {
    if (this.busy) await this.#carriage.rest();
    else await this.#carriage.sandbox.sleep();
  }

  /** From here on nothing is begun any more, and whatever goes on goes on without this server. */
  letGo(): void {
    this.#detached.abort();
    this.#carriage.detach();
  }

  /** Lets go of everything without ending it: for a server that stops. */
  async detach(): Promise<void> {
    this.letGo();
    await this.#work;
    await this.#carriage.sandbox.gone;
  }

  async #wake(): Promise<void> {
    const woken = Promise.withResolvers<void>();
    this.#work = this.#whileBusy(async () => {
      try {
        await this.#own();
        await this.#carriage.sandbox.wake({});
        woken.resolve();
      } catch (cause) {
        woken.reject(cause);
        throw cause;
      }
    });
    await woken.promise;
  }

  async #drain(): Promise<void> {
    await this.#whileBusy(async () => {
      while (this.#again && !this.#detached.signal.aborted) {
        this.#again = false;
        await this.#own();
        const coming = this.#coming;
        this.#coming = undefined;
        if (coming !== undefined) await this.#runTurn(coming);
        for (;;) {
          const turn = await this.#ledger.patiently(() => turnStore.nextQueued(this.#rooms.store.db, this.sessionId));
          if (turn === undefined || this.#detached.signal.aborted) break;
          await this.#runTurn(toTurn(turn));
        }
      }
    });
  }

  async #whileBusy(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (cause) {
      if (!this.#detached.signal.aborted) {
        const { logger } = this.#rooms;
        if (cause instanceof LeaseLost) logger.warn({ sessionId: this.sessionId }, 'another server has the session');
        else if (isAshError(cause)) logger.warn({ sessionId: this.sessionId, err: cause }, 'session not woken');
        else logger.error({ sessionId: this.sessionId, err: cause }, 'lane failed');
      }
    } finally {
      this.#work = undefined;
      this.idleSince = performance.now();
      // Before the executor is told, which forgets a lane that has nothing to do.
      if (this.#again && !this.#detached.signal.aborted) this.#work = this.#drain();
      this.#rooms.changed(this);
    }
  }

  /** Gets the lease at the first call, and with it what earlier owners left. */
  async #own(): Promise<void> {
    if (this.#tenantId !== undefined) return;
    const session = await this.#ledger.lease();
    await takeUp(session, {
      ...{ rooms: this.#rooms, ledger: this.#ledger, carriage: this.#carriage },
      adopted: () => this.#rooms.adopted(this),
    });
    this.#tenantId = session.tenantId;
  }

  async #runTurn(turn: Turn): Promise<void> {
    const current = currentOf(turn, { given: false });
    await this.#carriage.holding(current, async () => {
      if (!(await this.#ledger.start(turn.id))) return;
      // Its previews can be seen later by those who come late.
      await this.#ledger.patiently(() => this.#rooms.log.keep(this.sessionId));
      await this.#carriage.carry(current);
    });
  }
}
