/**
 * Decides when snapshots are taken: of a session that has gone to sleep, and after a turn when the newest is old and no
 * further turn comes for a moment. Nobody waits for them, and a turn that comes goes first: what has begun is cut off, and
 * taken when the session is idle again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Runner, Snapshot } from '@ash-ai/sandbox';
import { isAshError } from '@ash-ai/shared';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import { patiently } from '../turns/patiently.ts';
import type { SourceOf } from './source.ts';

export interface KeeperRooms {
  store: Store;
  runner: Pick<Runner, 'snapshots'>;
  logger: Logger;
  sourceOf: SourceOf;
  config: Pick<Config, 'snapshotKeep' | 'snapshotDays' | 'snapshotAfterTurnMs'>;
}

const dayMs = 24 * 60 * 60 * 1000;
/**
 * How long a session that is awake must have had nothing to do, in ms. One begun at once would meet the next message of
 * whoever sends them one after another: its sandbox would stand still, and a process be started only to be killed.
 */
const calmMs = 1_500;

export class SnapshotKeeper implements AsyncDisposable {
  readonly #rooms: KeeperRooms;
  /**
   * Sessions of which one is to be taken, in the order of their turns' ends; from when on, by `performance.now()`, and
   * whether it is to be taken however young the newest is.
   */
  readonly #wanted = new Map<string, { from: number; always: boolean }>();
  /** Sessions that do something now. */
  readonly #busy = new Set<string>();
  readonly #taking = new Map<string, AbortController>();
  #work: Promise<void> | undefined;
  /** Set while all that is wanted is of sessions that have not been calm for long enough. */
  #calm: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(rooms: KeeperRooms) {
    this.#rooms = rooms;
  }

  /** The session has something to do: nothing is taken of it until it is idle. */
  busy(sessionId: string): void {
    this.#busy.add(sessionId);
    this.#wanted.delete(sessionId);
    this.cut(sessionId);
  }

  /** What is being taken of it is not worth that somebody waits for it. */
  cut(sessionId: string): void {
    this.#taking.get(sessionId)?.abort(new Error('the session has something to do'));
  }

  /** The session has nothing to do any more; `awake`: its sandbox is still there. */
  idle(sessionId: string, awake: boolean): void {
    this.#busy.delete(sessionId);
    this.#want(sessionId, !awake);
  }

  /** Its files were changed from outside. */
  changed(sessionId: string): void {
    if (!this.#busy.has(sessionId)) this.#want(sessionId, false);
  }

  /**
   * Takes one of each of these sessions now, unless they are busy; tells of each.
   * @returns sessions of which none could be taken
   */
  async takeAll(sessionIds: readonly string[], told: (sessionId: string) => void = () => {}): Promise<string[]> {
    const missed: string[] = [];
    for (const sessionId of sessionIds) {
      if (this.#stopped) break;
      const taken = this.#busy.has(sessionId) ? 'busy' : await this.#take(sessionId, { urgent: true });
      if (taken === 'busy' || taken === 'failed') missed.push(sessionId);
      told(sessionId);
    }
    return missed;
  }

  /** Takes what is wanted once all sleep, for at most `graceMs`. What is left is taken another time: no file is lost by it. */
  async drain(graceMs: number, asleep: Promise<void>): Promise<void> {
    const late = new AbortController();
    const deadline = delay(graceMs, undefined, { signal: late.signal, ref: false }).catch(() => undefined);
    await asleep;
    await Promise.race([this.#settled(), deadline]);
    late.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#calm);
    this.#wanted.clear();
    for (const cut of this.#taking.values()) cut.abort(new Error('the server stops'));
    await this.#settled();
  }

  async #settled(): Promise<void> {
    while (this.#work !== undefined) await this.#work;
  }

  #want(sessionId: string, always: boolean): void {
    if (this.#stopped) return;
    const before = this.#wanted.get(sessionId)?.always ?? false;
    // Youngest last.
    this.#wanted.delete(sessionId);
    this.#wanted.set(sessionId, { from: performance.now() + (always ? 0 : calmMs), always: always || before });
    this.#look();
  }

  /** Begins with what may be taken by now; otherwise one timer for all waits for the first that may be. */
  #look(): void {
    if (this.#stopped || this.#work !== undefined || this.#wanted.size === 0) return;
    clearTimeout(this.#calm);
    const now = performance.now();
    const first = Math.min(...[...this.#wanted.values()].map(({ from }) => from));
    if (first > now) {
      this.#calm = setTimeout(() => this.#look(), first - now + 1).unref();
      return;
    }
    this.#work = this.#drain().finally(() => {
      this.#work = undefined;
      this.#look();
    });
  }

  async #drain(): Promise<void> {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { sessionId, always } = next;
      this.#wanted.delete(sessionId);
      if (always || (await this.#isOld(sessionId))) await this.#take(sessionId, { urgent: false });
    }
  }

  #next(): { sessionId: string; always: boolean } | undefined {
    const now = performance.now();
    for (const [sessionId, { from, always }] of this.#wanted) if (from <= now) return { sessionId, always };
    return undefined;
  }

  async #isOld(sessionId: string): Promise<boolean> {
    const newest = (await this.#rooms.runner.snapshots.list(sessionId)).at(-1);
    if (newest === undefined) return true;
    // biome-ignore lint/plugin: compared with an instant that outlives this process
    const ageMs = Date.now() - Date.parse(newest.at);
    // One of the future was taken before the clock was set back.
    return ageMs < 0 || ageMs >= this.#rooms.config.snapshotAfterTurnMs;
  }

  async #take(sessionId: string, { urgent }: { urgent: boolean }): Promise<Snapshot | 'busy' | 'failed' | undefined> {
    const { store, runner, logger, sourceOf, config } = this.#rooms;
    const cut = new AbortController();
    this.#taking.set(sessionId, cut);
    try {
      const row = await patiently(() => sessionStore.getById(store.db, sessionId), cut.signal);
      if (row === undefined || this.#busy.has(sessionId)) return row === undefined ? undefined : 'busy';
      const { agentDir } = await patiently(() => sourceOf(row), cut.signal);
      const { agentName, agentVersionId, model, config: own, settings } = row;
      const session = { agentName, agentVersionId, model, config: own, settings };
      const request = { sessionId, seq: row.lastSeq, session, agentDir, urgent };
      const taken = await runner.snapshots.take(request, cut.signal);
      if (taken !== undefined) {
        await runner.snapshots.prune(sessionId, { keep: config.snapshotKeep, maxAgeMs: config.snapshotDays * dayMs });
      }
      return taken;
    } catch (err) {
      if (cut.signal.aborted) return 'busy';
      // The files are where they are; the next time it may go better.
      if (isAshError(err)) logger.warn({ sessionId, err }, 'no snapshot was taken');
      else logger.error({ sessionId, err }, 'no snapshot was taken');
      return 'failed';
    } finally {
      if (this.#taking.get(sessionId) === cut) this.#taking.delete(sessionId);
    }
  }
}
