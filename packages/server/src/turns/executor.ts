/** Runs turns: a lane per session that is awake or busy, a bound on how many are awake, and sleep for the idle. */
import type { Runner } from '@ash-ai/sandbox';
import { type ApprovalAnswer, errors, type TurnEnded } from '@ash-ai/shared';
import type { Spares } from '../spares/spares.ts';
import type { Turn } from './current.ts';
import { Lane, type LaneRooms } from './lane.ts';
import { idleMsAt, Places, type PlacesOptions } from './places.ts';

export interface ExecutorOptions extends PlacesOptions {
  /** How long a session may be idle before it is put to sleep, in ms; less when places are scarce. */
  idleMs: number;
  /** Sandboxes that wait for sessions: they count, and are the first to go. */
  spares: Pick<Spares, 'size' | 'yieldPlace' | 'isGiven'>;
  /** Hears when a session has something to do, and when it has nothing any more. */
  watch?: { busy(sessionId: string): void; idle(sessionId: string, awake: boolean): void };
}

/** How many idle sessions are looked at for what they take of the memory, at each sweep. */
const measuredAtOnce = 4;

const resumeCounters = [
  'resumeWarmHits',
  'resumeColdHits',
  'resumeColdLocalHits',
  'resumeColdCloudHits',
  'resumeColdFreshHits',
  'preWarmHits',
] as const;

export class Executor implements AsyncDisposable {
  readonly #lanes = new Map<string, Lane>();
  readonly #rooms: LaneRooms;
  readonly #options: ExecutorOptions;
  readonly #sweep: NodeJS.Timeout;
  readonly #places: Places;
  /** Sessions that are to sleep as soon as they are idle. */
  readonly #toRest = new Set<string>();
  readonly #memoryOf: Runner['memoryOf'];
  #warm = 0;
  #cold = 0;
  #stopping = false;
  #disposed = false;

  constructor(
    { memoryOf, ...rooms }: Omit<LaneRooms, 'admit' | 'adopted' | 'changed'> & Pick<Runner, 'memoryOf'>,
    options: ExecutorOptions,
  ) {
    this.#options = options;
    this.#memoryOf = memoryOf;
    this.#places = new Places(options, options.spares, rooms.logger);
    this.#rooms = {
      ...rooms,
      admit: (lane, tenantId) => this.#places.take(lane, tenantId),
      adopted: (lane) => this.#places.adopt(lane),
      changed: (lane) => this.#changed(lane),
    };
    this.#sweep = setInterval(() => this.#look(), Math.min(options.idleMs, 15_000)).unref();
  }

  get awake(): number {
    return this.#places.held.size;
  }

  /** Sandboxes that there may be. */
  get limit(): number {
    return this.#places.limit;
  }

  /** How many more sandboxes there may be before one has to go. */
  get room(): number {
    return this.#places.room;
  }

  get running(): number {
    return [...this.#lanes.values()].filter((lane) => lane.awake && lane.busy).length;
  }

  /** Sessions that wait for a place. */
  get waiting(): number {
    return this.#places.waiting;
  }

  /** A session's place in the line for a sandbox, from 1; undefined when it doesn't wait. */
  positionOf(sessionId: string): number | undefined {
    return this.#places.positionOf(sessionId);
  }

  /** Whether a message may be accepted that might have to wait for a place. @throws capacity_reached */
  mayAccept(sessionId: string): void {
    if (!(this.#lanes.get(sessionId)?.awake ?? false) && this.#places.room <= 0) this.#places.mayWait();
  }

  /** How often a resumed session was still awake, and how often not, since the server started. */
  get resumes(): Record<(typeof resumeCounters)[number], number> {
    const none = Object.fromEntries(resumeCounters.map((name) => [name, 0])) as Record<
      (typeof resumeCounters)[number],
      number
    >;
    return { ...none, resumeWarmHits: this.#warm, resumeColdHits: this.#cold, resumeColdLocalHits: this.#cold };
  }

  /** Counts a resume; tells whether the session was still awake. */
  resume(sessionId: string): boolean {
    const awake = this.#lanes.get(sessionId)?.awake ?? false;
    if (awake) this.#warm += 1;
    else this.#cold += 1;
    return awake;
  }

  /** A turn is about to be stored, in the write before this: an idle session that is awake begins with it at once. */
  ahead(tenantId: string, sessionId: string, turn: Turn): void {
    if (this.#stopping || this.#lanes.get(sessionId)?.ahead(tenantId, turn) !== true) return;
    this.#options.watch?.busy(sessionId);
  }

  /** Sees to it that a session's queued turns are run. */
  nudge(sessionId: string): void {
    if (this.#stopping) return;
    this.#options.watch?.busy(sessionId);
    this.#toRest.delete(sessionId);
    this.#lane(sessionId).nudge();
  }

  /** Wakes a session that will be needed soon, unless that would put another one to sleep. */
  warm(sessionId: string): void {
    this.#toRest.delete(sessionId);
    const there = this.#options.spares.isGiven(sessionId);
    if (!this.#stopping && (there || this.#places.room > 0)) this.#lane(sessionId).warm();
  }

  /**
   * Wakes a session for something that is no turn, and waits until it is awake.
   * @throws shutting_down, session_busy, capacity_reached, spend_limit_reached; what its sandbox fails with
   */
  async wake(sessionId: string): Promise<void> {
    if (this.#stopping) throw errors.shutting_down();
    await this.#lane(sessionId).wake();
  }

  /** Takes up what an earlier server left of a session. */
  recover(sessionId: string): void {
    this.#lane(sessionId).nudge();
  }

  /** Interrupts a session's running turn, or only this one; the turn's id, null when it doesn't run. */
  async interrupt(sessionId: string, turnId?: string): Promise<string | null> {
    return this.#lanes.get(sessionId)?.interrupt(turnId) ?? null;
  }

  /** Passes on the answer to an approval, which is in the store by now. */
  answer(sessionId: string, approvalId: string, answer: ApprovalAnswer): void {
    this.#lanes.get(sessionId)?.answer(approvalId, answer);
  }

  /** Ends a session's sandbox and running turn at once. */
  async stop(sessionId: string, end: TurnEnded): Promise<void> {
    await this.#lane(sessionId).stop(end);
  }

  /** Puts a session to sleep as soon as it is idle. */
  async rest(sessionId: string): Promise<void> {
    const lane = this.#lanes.get(sessionId);
    if (lane?.busy === true) this.#toRest.add(sessionId);
    else if (lane?.awake === true) await lane.sleep();
  }

  /** Puts idle sessions to sleep, gives running turns `graceMs` to end, and leaves those that don't to the next server. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      resolve();
    }, graceMs);
    await Promise.all(
      [...this.#lanes.values()].map(async (lane) => {
        // One that waits for an answer may do so for days, and without a sandbox.
        // What it has in hand may be a wake-up only, with a turn to come.
        while (lane.busy && !lane.sleepable && !lane.resting && !late) await Promise.race([lane.done, deadline]);
        if (lane.sleepable) await lane.sleep();
      }),
    );
    clearTimeout(timer);
  }

  /** From here on no turn is begun or ended by this server: all that there is waits for the next one. */
  letGo(): void {
    this.#stopping = true;
    for (const lane of this.#lanes.values()) lane.letGo();
  }

  /** Lets go of all sandboxes without ending them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
    this.#disposed = true;
    this.#places.close();
    clearInterval(this.#sweep);
    await Promise.all([...this.#lanes.values()].map((lane) => lane.detach()));
  }

  #lane(sessionId: string): Lane {
    let lane = this.#lanes.get(sessionId);
    if (lane === undefined) {
      lane = new Lane(sessionId, this.#rooms);
      this.#lanes.set(sessionId, lane);
    }
    return lane;
  }

  #changed(lane: Lane): void {
    if (!lane.busy && !this.#disposed) this.#options.watch?.idle(lane.sessionId, lane.awake);
    if (!lane.awake && (!lane.busy || lane.resting)) this.#places.release(lane);
    if (!lane.busy && this.#toRest.delete(lane.sessionId) && lane.awake && !this.#stopping) {
      lane
        .sleep()
        .catch((err: unknown) => this.#rooms.logger.error({ sessionId: lane.sessionId, err }, 'not put to sleep'));
    }
    if (!lane.awake && !lane.busy) this.#lanes.delete(lane.sessionId);
    this.#places.look();
  }

  /** Puts sessions to sleep that have been idle for too long, and sees what the others take. */
  #look(): void {
    const { held, limit } = this.#places;
    const before = performance.now() - idleMsAt(held.size / limit, this.#options.idleMs);
    let measured = 0;
    for (const lane of held) {
      if (!lane.awake) continue;
      const { sessionId } = lane;
      const failed = (err: unknown) => this.#rooms.logger.error({ sessionId, err }, 'sweep of idle sessions failed');
      if (lane.sleepable && lane.idleSince <= before) lane.sleep().catch(failed);
      else if (measured < measuredAtOnce) {
        measured += 1;
        this.#measure(sessionId).catch(failed);
      }
    }
  }

  async #measure(sessionId: string): Promise<void> {
    const mb = await this.#memoryOf(sessionId);
    if (mb !== undefined && mb > 0) this.#places.measured(mb);
  }
}
