/**
 * A session's lane: runs its turns one after another in its sandbox and writes down what comes out. It exists while the
 * session is awake or has something to do, and it alone holds the session's lease.
 *
 *   asleep ──open──► awake ──frames──► log ──ack──► bridge
 *      ▲               │
 *      └── sleep, stop, death of the sandbox
 */
import { type AwakeSandbox, LeaseLost, type OpenRequest, type Runner } from '@ash-ai/sandbox';
import { type ApprovalAnswer, errors, isAshError, type TurnContent, type TurnEnded } from '@ash-ai/shared';
import type { RuntimeOptions, TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { Logger } from 'pino';
import type { SandboxLogs } from '../sandbox-logs/sandbox-logs.ts';
import * as approvalStore from '../store/approvals.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import { AnswerWait, tellAnswers } from './answer-wait.ts';
import { cutBy, interrupted, lost } from './endings.ts';
import { Ledger, type LedgerRooms } from './ledger.ts';
import { type Recorded, record } from './record.ts';
import { runtimeKeyOf } from './runtime-key.ts';

/** What a lane needs of the rooms around it. */
export interface LaneRooms extends LedgerRooms {
  runner: Runner;
  logger: Logger;
  /** Hears what sandboxes say besides frames that are kept. */
  sandboxLogs: Pick<SandboxLogs, 'heard'>;
  /** What the session's sandbox is opened with. */
  openRequest(
    session: sessionStore.SessionRow,
    options: TurnOptions,
    goOn?: RuntimeOptions['goOn'],
  ): Promise<Omit<OpenRequest, 'epoch' | 'committed'>>;
  /** @throws spend_limit_reached when the session's tenant may spend nothing more on model calls */
  maySpend(session: sessionStore.SessionRow): Promise<void>;
  /** Resolves when one more session may be awake. @throws capacity_reached */
  admit(lane: Lane): Promise<void>;
  /** The lane is awake already: it is counted, and put to sleep when it has been idle for long. */
  adopted(lane: Lane): void;
  /** The lane has become idle or has gone to sleep. */
  changed(lane: Lane): void;
}

interface Turn {
  id: string;
  content: TurnContent;
  options: TurnOptions;
}

interface Current extends Turn {
  interrupted: boolean;
  /** Whether the sandbox that is there may have got it. */
  given: boolean;
  /** Whether a sandbox has said anything of it. */
  seen: boolean;
  /** Whether its end is committed. */
  ended: boolean;
  /** Resolves when it has ended, its sandbox is lost, or this server lets go of it. */
  over: PromiseWithResolvers<void>;
}

export class Lane {
  readonly sessionId: string;
  /** When it last had something to do, in ms since the epoch. */
  idleSince = Date.now();
  readonly #rooms: LaneRooms;
  readonly #detached = new AbortController();
  readonly #ledger: Ledger;
  #tookUp = false;
  #sandbox: AwakeSandbox | undefined;
  /** What the live runtime was switched to; only a restart brings it back to its own. */
  #effort: TurnOptions['effort'];
  /** What a turn whose sandbox is gone waits for. */
  readonly #answers = new AnswerWait();
  #pump: Promise<void> = Promise.resolve();
  #pumping = false;
  #current: Current | undefined;
  #work: Promise<void> | undefined;
  #again = false;
  #stop: TurnEnded | undefined;

  constructor(sessionId: string, rooms: LaneRooms) {
    this.sessionId = sessionId;
    this.#rooms = rooms;
    this.#ledger = new Ledger(sessionId, rooms, this.#detached.signal);
  }

  /** Whether it has a live sandbox, or one that is on its way out. */
  get awake(): boolean {
    return this.#pumping;
  }

  /** Resolves when it has nothing to do any more. */
  get done(): Promise<void> {
    return this.#work ?? Promise.resolve();
  }

  get busy(): boolean {
    return this.#work !== undefined;
  }

  /** Sees to it that queued turns are run. */
  nudge(): void {
    this.#again = true;
    this.#work ??= this.#drain();
  }

  /** Wakes the session ahead of its first message. A failure is left for the message to meet. */
  warm(): void {
    this.#work ??= this.#whileBusy(async () => {
      await this.#own();
      await this.#wake({});
    });
  }

  /** Interrupts the running turn, or only this one; the id of the turn, null when it doesn't run. */
  interrupt(turnId = this.#current?.id): string | null {
    const current = this.#current;
    if (current === undefined || current.id !== turnId) return null;
    current.interrupted = true;
    this.#sandbox?.interrupt(current.id);
    this.#answers.look();
    return current.id;
  }

  /** Passes on the answer to an approval, which is in the store by now. */
  answer(approvalId: string, answer: ApprovalAnswer): void {
    this.#sandbox?.answer(approvalId, answer);
    this.#answers.look();
  }

  /** Ends the sandbox at once and the running turn with it; resolves when both are over. */
  async stop(end: TurnEnded): Promise<void> {
    this.#stop = end;
    this.#answers.look();
    try {
      await this.#rooms.runner.kill(this.sessionId);
      await this.#work;
      await this.#pump;
    } finally {
      this.#stop = undefined;
      this.#rooms.changed(this);
    }
  }

  /** Ends the sandbox in good order; files and conversation stay for the next turn. Only while idle. */
  async sleep(): Promise<void> {
    const sandbox = this.#sandbox;
    this.#sandbox = undefined;
    await sandbox?.close();
    await this.#pump;
  }

  /** Lets go of everything without ending it: for a server that stops. */
  async detach(): Promise<void> {
    this.#detached.abort();
    this.#sandbox?.detach();
    this.#current?.over.resolve();
    this.#answers.look();
    await this.#work;
    await this.#pump;
  }

  async #drain(): Promise<void> {
    await this.#whileBusy(async () => {
      while (this.#again && !this.#detached.signal.aborted) {
        this.#again = false;
        await this.#own();
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
      this.idleSince = Date.now();
      // Before the executor is told, which forgets a lane that has nothing to do.
      if (this.#again && !this.#detached.signal.aborted) this.#work = this.#drain();
      this.#rooms.changed(this);
    }
  }

  /** Gets the lease at the first call, and with it what earlier owners left: a sandbox, alive or not, and a turn under way. */
  async #own(): Promise<void> {
    const session = await this.#ledger.lease();
    if (this.#tookUp) return;
    const running = await turnStore.running(this.#rooms.store.db, this.sessionId);
    try {
      // From here on it can be interrupted.
      await this.#takeUp(session, running && this.#begin(toTurn(running), true));
    } finally {
      this.#current = undefined;
    }
    this.#tookUp = true;
  }

  async #takeUp(session: sessionStore.SessionRow, current: Current | undefined): Promise<void> {
    const { log, runner, store, openRequest } = this.#rooms;
    const { sessionId } = this;
    if (session.status === 'stopped' || session.status === 'ended') {
      // A server died between the decision and the deed.
      await runner.kill(sessionId);
      if (current !== undefined) await this.#ledger.end(current.id, cutBy(session.status));
      return;
    }
    const last = current ?? (await turnStore.lastStarted(store.db, sessionId));
    const options = (last?.options ?? {}) as TurnOptions;
    const request = await openRequest(session, options);
    if (current !== undefined) {
      current.seen = await this.#ledger.hasBegun(current.id);
      // Before the first frame, so that readers who come back get the previews that they missed.
      await log.keep(sessionId);
    }
    const sandbox = await runner.attach({ ...request, ...this.#ledger.attachment() });
    if (sandbox !== undefined) {
      this.#rooms.adopted(this);
      this.#take(sandbox);
      this.#effort = options.effort;
    }
    if (current !== undefined) await this.#carry(current);
  }

  async #runTurn(turn: Turn): Promise<void> {
    const current = this.#begin(turn, false);
    try {
      if (!(await this.#ledger.start(turn.id))) return;
      // Its previews can be seen later by those who come late.
      await this.#rooms.log.keep(this.sessionId);
      await this.#carry(current);
    } finally {
      this.#current = undefined;
    }
  }

  #begin(turn: Turn, given: boolean): Current {
    const over = Promise.withResolvers<void>();
    this.#current = { ...turn, interrupted: false, given, seen: false, ended: false, over };
    return this.#current;
  }

  /** Carries the current turn to its end. A sandbox that dies before it said anything of the turn is replaced once. */
  async #carry(current: Current): Promise<void> {
    try {
      for (let attempt = 1; attempt <= 2; attempt += 1) {
        // Remains have things to tell, and nothing else.
        if (this.#sandbox?.path === 'remains') await this.#pump;
        if (this.#sandbox === undefined) {
          if (current.ended) return;
          if (current.interrupted || this.#stop !== undefined) break;
          const goOn = current.seen ? await this.#goOn(current) : undefined;
          if (this.#detached.signal.aborted) return;
          if (current.seen && goOn === undefined) break;
          Object.assign(current, { given: false, over: Promise.withResolvers<void>() });
          if (goOn !== undefined) {
            attempt = 1;
            await this.#wake(current.options, goOn);
          }
        }
        if (!this.#runs(current)) await this.#wake(current.options);
        if (this.#detached.signal.aborted) return;
        if (this.#stop !== undefined || (current.interrupted && !current.given)) break;
        current.given = true;
        const { model, effort } = current.options;
        this.#effort = effort;
        this.#sandbox?.run(current.id, current.content, {
          ...(model === undefined ? {} : { model }),
          ...(effort === undefined ? {} : { effort }),
        });
        if (current.seen) await tellAnswers(this.#rooms.store.db, current.id, this.#sandbox);
        if (current.interrupted) this.#sandbox?.interrupt(current.id);
        await current.over.promise;
        if (current.ended || this.#detached.signal.aborted) return;
      }
      await this.#ledger.end(current.id, this.#stop ?? (current.interrupted ? interrupted : lost('its process ended')));
    } catch (cause) {
      if (this.#detached.signal.aborted) return;
      if (cause instanceof LeaseLost) throw cause;
      if (!isAshError(cause)) this.#rooms.logger.error({ sessionId: this.sessionId, err: cause }, 'turn failed');
      const { code, message } = isAshError(cause) ? cause : errors.internal();
      await this.#ledger.end(current.id, this.#stop ?? { outcome: 'failed', failure: { code, error: message } });
    } finally {
      this.#current = undefined;
    }
  }

  /** Whether the sandbox has had the turn from an earlier owner, or goes on with it by itself. */
  #runs(current: Current): boolean {
    const sandbox = this.#sandbox;
    return sandbox !== undefined && (sandbox.turnId === current.id || sandbox.runtimeKey.endsWith(`:${current.id}`));
  }

  /** What a turn goes on with whose sandbox is gone; undefined when it waited for no answer, or is not to go on. */
  #goOn(current: Current): Promise<RuntimeOptions['goOn']> {
    return this.#answers.goOn(current.id, {
      untold: () => this.#ledger.patiently(() => approvalStore.untold(this.#rooms.store.db, current.id)),
      givenUp: () => current.interrupted || this.#stop !== undefined || this.#detached.signal.aborted,
    });
  }

  async #wake(options: TurnOptions, goOn?: RuntimeOptions['goOn']): Promise<void> {
    const session = await sessionStore.getById(this.#rooms.store.db, this.sessionId);
    if (session === undefined) throw errors.session_not_found({ sessionId: this.sessionId });
    await this.#rooms.maySpend(session);
    const resets = this.#effort !== undefined && options.effort === undefined;
    if (this.#sandbox !== undefined && (resets || this.#sandbox.runtimeKey !== runtimeKeyOf(session, options)))
      await this.sleep();
    if (this.#sandbox !== undefined) return;
    await this.#pump;
    await this.#rooms.admit(this);
    const request = await this.#rooms.openRequest(session, options, goOn);
    const sandbox = await this.#rooms.runner.open({ ...request, ...this.#ledger.attachment() });
    this.#take(sandbox);
    this.#effort = undefined;
    if (this.#stop !== undefined) await this.#rooms.runner.kill(this.sessionId);
  }

  #take(sandbox: AwakeSandbox): void {
    this.#sandbox = sandbox;
    this.#ledger.lives(sandbox.life);
    this.#pumping = true;
    // It came up while the server stops: the next one finds it.
    if (this.#detached.signal.aborted) sandbox.detach();
    this.#pump = this.#pumpFrames(sandbox);
  }

  /** Commits what the sandbox says until it is gone. */
  async #pumpFrames(sandbox: AwakeSandbox): Promise<void> {
    try {
      for await (const frames of this.#rooms.sandboxLogs.heard(this.sessionId, sandbox)) {
        for (const part of record(frames, this.#ledger.committedN)) await this.#commit(sandbox, part);
      }
    } catch (cause) {
      if (!this.#detached.signal.aborted) {
        this.#rooms.logger.error({ sessionId: this.sessionId, err: cause }, 'lost touch with the sandbox');
      }
      sandbox.detach();
      if (cause instanceof LeaseLost) this.#detached.abort();
    }
    this.#pumping = false;
    // One that was put to sleep has no turn; the turn that is current by now waits for its successor.
    if (this.#sandbox === sandbox) {
      this.#sandbox = undefined;
      this.#current?.over.resolve();
    }
    this.#rooms.changed(this);
  }

  async #commit(sandbox: AwakeSandbox, part: Recorded): Promise<void> {
    const { n, entries, ended, previews } = part;
    const current = this.#current;
    await this.#ledger.commit(part);
    if (n !== undefined) sandbox.ack(n);
    if (current !== undefined && [...entries, ...previews].some((item) => item.turnId === current.id)) {
      current.seen = true;
    }
    for (const preview of previews) this.#rooms.log.publishPreview(this.sessionId, preview);
    if (current !== undefined && ended.some((end) => end.turnId === current.id)) {
      current.ended = true;
      current.over.resolve();
    }
  }
}

function toTurn(row: turnStore.TurnRow): Turn {
  const { content } = row.input as { content: TurnContent };
  return { id: row.id, content, options: row.options as TurnOptions };
}
