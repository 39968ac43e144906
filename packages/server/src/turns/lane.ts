/**
 * A session's lane: runs its turns one after another in its sandbox and writes down what comes out. It exists while the
 * session is awake or has something to do, and it alone holds the session's lease.
 *
 *   asleep ──open──► awake ──frames──► log ──ack──► bridge
 *      ▲               │
 *      └── sleep, stop, death of the sandbox
 */
import { type AwakeSandbox, LeaseLost, type OpenRequest, type Runner } from '@ash-ai/sandbox';
import { errors, isAshError, type TurnContent, type TurnEnded } from '@ash-ai/shared';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { Logger } from 'pino';
import { type Log, toItem } from '../log/log.ts';
import * as logStore from '../store/log.ts';
import type { Store, WriteJob } from '../store/open.ts';
import type { Writer } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import { patiently } from './patiently.ts';
import { type Recorded, record } from './record.ts';

/** What a lane needs of the rooms around it. */
export interface LaneRooms {
  store: Store;
  log: Log;
  runner: Runner;
  logger: Logger;
  /** Identifies this server as the holder of leases. */
  serverId: string;
  /** What the session's sandbox is opened with. */
  openRequest(
    session: sessionStore.SessionRow,
    options: TurnOptions,
  ): Promise<Omit<OpenRequest, 'epoch' | 'committed'>>;
  /** Resolves when one more session may be awake. @throws capacity_reached */
  admit(lane: Lane): Promise<void>;
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
  /** Whether the sandbox has said anything of this turn. */
  seen: boolean;
  over: PromiseWithResolvers<'ended' | 'lost' | 'detached'>;
}

export class Lane {
  readonly sessionId: string;
  /** When it last had something to do, in ms since the epoch. */
  idleSince = Date.now();
  readonly #rooms: LaneRooms;
  readonly #detached = new AbortController();
  #epoch: number | undefined;
  #committed: { life: string | null; n: number } = { life: null, n: 0 };
  #sandbox: AwakeSandbox | undefined;
  #launchKey = '';
  #pump: Promise<void> = Promise.resolve();
  #pumping = false;
  #current: Current | undefined;
  #work: Promise<void> | undefined;
  #again = false;
  #stop: TurnEnded | undefined;

  constructor(sessionId: string, rooms: LaneRooms) {
    this.sessionId = sessionId;
    this.#rooms = rooms;
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
      await this.#lease();
      await this.#wake({});
    });
  }

  /** Takes up what an earlier server left: a live sandbox, the remains of one, a turn under way. */
  recover(): void {
    this.#work ??= this.#whileBusy(async () => {
      const session = await this.#lease();
      const running = await turnStore.running(this.#rooms.store.db, this.sessionId);
      const last = running ?? (await turnStore.lastStarted(this.#rooms.store.db, this.sessionId));
      const options = (last?.options ?? {}) as TurnOptions;
      const request = await this.#rooms.openRequest(session, options);
      // Before the first frame, so that readers who come back get the previews that they missed.
      await this.#rooms.log.keep(this.sessionId);
      const sandbox = await this.#rooms.runner.attach({ ...request, ...this.#attachment() });
      if (sandbox !== undefined) this.#take(sandbox, launchKeyOf(session, options));
      if (running !== undefined) await this.#carry(toTurn(running), await this.#hasBegun(running.id));
      this.#again = true;
    });
  }

  /** Interrupts the running turn; the id of the turn, null when there is none. */
  interrupt(): string | null {
    const current = this.#current;
    if (current === undefined) return null;
    current.interrupted = true;
    this.#sandbox?.interrupt(current.id);
    return current.id;
  }

  /** Ends the sandbox at once and the running turn with it; resolves when both are over. */
  async stop(end: TurnEnded): Promise<void> {
    this.#stop = end;
    try {
      await this.#rooms.runner.kill(this.sessionId);
      await this.#work;
      await this.#pump;
    } finally {
      this.#stop = undefined;
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
    this.#current?.over.resolve('detached');
    await this.#work;
    await this.#pump;
  }

  async #drain(): Promise<void> {
    await this.#whileBusy(async () => {
      while (this.#again && !this.#detached.signal.aborted) {
        this.#again = false;
        await this.#lease();
        for (;;) {
          const turn = await this.#patiently(() => turnStore.nextQueued(this.#rooms.store.db, this.sessionId));
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
      this.#rooms.changed(this);
    }
    if (this.#again && !this.#detached.signal.aborted) this.#work ??= this.#drain();
  }

  async #runTurn(turn: Turn): Promise<void> {
    const createdAt = now();
    const { sessionId } = this;
    const dataText = '{}';
    const seq = await this.#write(async (tx) => {
      const entries = [{ type: 'turn_started', turnId: turn.id, createdAt, dataText }];
      const appended = await logStore.append(tx, { sessionId, epoch: this.#epoch, entries });
      if (typeof appended === 'string') throw new LeaseLost(appended);
      const started = await turnStore.setRunning(tx, { id: turn.id, startedSeq: appended.lastSeq, at: createdAt });
      if (started === undefined) throw new TurnGone();
      return appended.lastSeq;
    }).catch((cause: unknown) => {
      if (cause instanceof TurnGone) return undefined;
      throw cause;
    });
    if (seq === undefined) return;
    this.#rooms.log.publish(sessionId, [
      toItem({ sessionId, seq, type: 'turn_started', turnId: turn.id, dataText, createdAt }),
    ]);
    await this.#carry(turn, false);
  }

  /** Runs a turn that is `running` to its end. A sandbox that dies before it said anything of the turn is replaced once. */
  async #carry(turn: Turn, seen: boolean): Promise<void> {
    await this.#rooms.log.keep(this.sessionId);
    const current: Current = { ...turn, interrupted: false, seen, over: Promise.withResolvers() };
    this.#current = current;
    try {
      for (let attempt = 1; ; attempt += 1) {
        if (this.#sandbox === undefined && current.seen) break;
        await this.#wake(turn.options);
        if (this.#stop !== undefined || (current.interrupted && !current.seen)) {
          await this.#end(turn.id, this.#stop ?? interrupted);
          return;
        }
        this.#sandbox?.run(turn.id, turn.content);
        const over = await current.over.promise;
        if (over !== 'lost') return;
        if (current.seen || attempt === 2 || this.#stop !== undefined) break;
        current.over = Promise.withResolvers();
      }
      await this.#end(turn.id, this.#stop ?? (current.interrupted ? interrupted : lost('its process ended')));
    } catch (cause) {
      if (this.#detached.signal.aborted) return;
      if (cause instanceof LeaseLost) throw cause;
      if (!isAshError(cause)) this.#rooms.logger.error({ sessionId: this.sessionId, err: cause }, 'turn failed');
      const { code, message } = isAshError(cause) ? cause : errors.internal();
      await this.#end(turn.id, this.#stop ?? { outcome: 'failed', failure: { code, error: message } });
    } finally {
      this.#current = undefined;
    }
  }

  async #wake(options: TurnOptions): Promise<void> {
    const session = await sessionStore.getById(this.#rooms.store.db, this.sessionId);
    if (session === undefined) throw errors.session_not_found({ sessionId: this.sessionId });
    const key = launchKeyOf(session, options);
    if (this.#sandbox !== undefined && key !== this.#launchKey) await this.sleep();
    if (this.#sandbox !== undefined) return;
    await this.#pump;
    await this.#rooms.admit(this);
    const request = await this.#rooms.openRequest(session, options);
    const sandbox = await this.#rooms.runner.open({ ...request, ...this.#attachment() });
    this.#take(sandbox, key);
    if (this.#stop !== undefined) await this.#rooms.runner.kill(this.sessionId);
  }

  #take(sandbox: AwakeSandbox, launchKey: string): void {
    this.#sandbox = sandbox;
    this.#launchKey = launchKey;
    if (this.#committed.life !== sandbox.life) this.#committed = { life: sandbox.life, n: 0 };
    this.#pumping = true;
    this.#pump = this.#pumpFrames(sandbox);
  }

  /** Commits what the sandbox says until it is gone. */
  async #pumpFrames(sandbox: AwakeSandbox): Promise<void> {
    try {
      for await (const frames of sandbox.frames()) {
        for (const part of record(frames, this.#committed.n)) await this.#commit(sandbox, part);
      }
    } catch (cause) {
      if (!this.#detached.signal.aborted) {
        this.#rooms.logger.error({ sessionId: this.sessionId, err: cause }, 'lost touch with the sandbox');
      }
      sandbox.detach();
      if (cause instanceof LeaseLost) this.#detached.abort();
    }
    this.#pumping = false;
    if (this.#sandbox === sandbox) this.#sandbox = undefined;
    this.#current?.over.resolve(this.#detached.signal.aborted ? 'detached' : 'lost');
    this.#rooms.changed(this);
  }

  async #commit(sandbox: AwakeSandbox, part: Recorded): Promise<void> {
    const { log } = this.#rooms;
    const { sessionId } = this;
    const { n, entries, ended, previews } = part;
    const current = this.#current;
    if (n !== undefined) {
      const createdAt = now();
      const life = sandbox.life;
      const rows = entries.map((entry) => ({ ...entry, createdAt }));
      const appended = await this.#write(async (tx) => {
        const written = await logStore.append(tx, { sessionId, epoch: this.#epoch, entries: rows, frame: { life, n } });
        if (typeof written === 'string') return written;
        for (const end of ended) {
          await settle(tx, {
            sessionId,
            id: end.turnId,
            endedSeq: written.firstSeq + end.at,
            at: createdAt,
            end: end.ended,
          });
        }
        return written;
      });
      if (appended === 'stale_epoch') throw new LeaseLost('the session has a newer lease');
      this.#committed.n = n;
      sandbox.ack(n);
      if (appended === 'duplicate_frame') await log.catchUp(sessionId);
      else {
        const { firstSeq } = appended;
        log.publish(
          sessionId,
          rows.map((row, index) => toItem({ sessionId, seq: firstSeq + index, ...row })),
        );
      }
    }
    if (current !== undefined && [...entries, ...previews].some((item) => item.turnId === current.id)) {
      current.seen = true;
    }
    for (const preview of previews) log.publishPreview(sessionId, preview);
    if (ended.some((end) => end.turnId === current?.id)) current?.over.resolve('ended');
  }

  /** Ends a turn that no frame of the bridge has ended. */
  async #end(turnId: string, end: TurnEnded): Promise<void> {
    const { sessionId } = this;
    const createdAt = now();
    const dataText = JSON.stringify(end);
    const seq = await this.#write(async (tx) => {
      const entries = [{ type: 'turn_ended', turnId, createdAt, dataText }];
      const appended = await logStore.append(tx, { sessionId, epoch: this.#epoch, entries });
      if (typeof appended === 'string') throw new LeaseLost(appended);
      await settle(tx, { sessionId, id: turnId, endedSeq: appended.lastSeq, at: createdAt, end });
      return appended.lastSeq;
    });
    this.#rooms.log.publish(sessionId, [toItem({ sessionId, seq, type: 'turn_ended', turnId, dataText, createdAt })]);
  }

  async #lease(): Promise<sessionStore.SessionRow> {
    const session = await this.#patiently(() => sessionStore.getById(this.#rooms.store.db, this.sessionId));
    if (session === undefined) throw errors.session_not_found({ sessionId: this.sessionId });
    if (this.#epoch === undefined) {
      this.#epoch = await this.#write((tx) => sessionStore.acquireLease(tx, this.sessionId, this.#rooms.serverId));
      this.#committed = { life: session.frameLife, n: session.frameN };
    }
    return session;
  }

  #attachment(): { epoch: number; committed: { life: string | null; n: number } } {
    return { epoch: this.#epoch ?? 0, committed: { ...this.#committed } };
  }

  async #hasBegun(turnId: string): Promise<boolean> {
    const { db } = this.#rooms.store;
    const { sessionId } = this;
    return (await logStore.readText(db, { sessionId, turnId, types: ['message'], limit: 1 })).length > 0;
  }

  #write<T>(job: WriteJob<T>): Promise<T> {
    return this.#patiently(() => this.#rooms.store.write(job));
  }

  /** Waits out a database that is away: frames wait in the bridge's spool meanwhile. */
  #patiently<T>(work: () => Promise<T>): Promise<T> {
    return patiently(work, this.#detached.signal);
  }
}

/** The turn that was to be run is not queued any more. */
class TurnGone extends Error {}

const interrupted: TurnEnded = { outcome: 'interrupted' };

function lost(reason: string): TurnEnded {
  const { code, message } = errors.sandbox_lost({ reason });
  return { outcome: 'failed', failure: { code, error: message } };
}

/** The turn's row as its `turn_ended` entry says; the first completed turn proves that there is a conversation. */
async function settle(
  tx: Writer,
  { sessionId, id, endedSeq, at, end }: { sessionId: string; id: string; endedSeq: number; at: string; end: TurnEnded },
): Promise<void> {
  const { failure } = end;
  const error = failure?.error.toWellFormed().replaceAll('\0', '');
  await turnStore.setEnded(tx, { id, status: end.outcome, endedSeq, at, errorCode: failure?.code, error });
  if (end.outcome === 'completed') {
    await sessionStore.update(tx, { id: sessionId, at, patch: { runtimeStarted: true } });
  }
}

/** Options that a runtime is started with: a turn that wants others needs another start. */
function launchKeyOf(session: sessionStore.SessionRow, options: TurnOptions): string {
  return JSON.stringify([session.model, session.config, session.settings, options]);
}

function toTurn(row: turnStore.TurnRow): Turn {
  const { content } = row.input as { content: TurnContent };
  return { id: row.id, content, options: row.options as TurnOptions };
}

function now(): string {
  return new Date().toISOString();
}
