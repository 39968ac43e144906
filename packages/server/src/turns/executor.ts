/** Runs turns: a lane per session that is awake or busy, a bound on how many are awake, and sleep for the idle. */
import { type ApprovalAnswer, errors, type TurnEnded } from '@ash-ai/shared';
import type { Spares } from '../spares/spares.ts';
import { Lane, type LaneRooms } from './lane.ts';

export interface ExecutorOptions {
  /** Awake sessions at most. */
  maxAwake: number;
  /** How long a session may be idle before it is put to sleep, in ms. */
  idleMs: number;
  /** How long a turn waits for a place, in ms. Default 60,000. */
  admitMs?: number;
  /** Sandboxes that wait for sessions: they count, and are the first to go. */
  spares: Pick<Spares, 'size' | 'yieldPlace' | 'isGiven'>;
}

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
  /** Lanes that hold a place: awake ones and those about to be. */
  readonly #admitted = new Set<Lane>();
  readonly #waiting: (() => void)[] = [];
  #warm = 0;
  #cold = 0;
  #stopping = false;
  #disposed = false;

  constructor(rooms: Omit<LaneRooms, 'admit' | 'adopted' | 'changed'>, options: ExecutorOptions) {
    this.#options = options;
    this.#rooms = {
      ...rooms,
      admit: (lane) => this.#admit(lane),
      adopted: (lane) => void this.#admitted.add(lane),
      changed: (lane) => this.#changed(lane),
    };
    this.#sweep = setInterval(() => this.#sleepIdle(), Math.min(options.idleMs, 30_000)).unref();
  }

  get awake(): number {
    return this.#admitted.size;
  }

  /** How many more sandboxes there may be before one has to go. */
  get room(): number {
    return this.#options.maxAwake - this.#admitted.size - this.#options.spares.size;
  }

  get running(): number {
    return [...this.#admitted].filter((lane) => lane.busy).length;
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

  /** Sees to it that a session's queued turns are run. */
  nudge(sessionId: string): void {
    if (!this.#stopping) this.#lane(sessionId).nudge();
  }

  /** Wakes a session that will be needed soon, unless that would put another one to sleep. */
  warm(sessionId: string): void {
    const there = this.#options.spares.isGiven(sessionId);
    if (!this.#stopping && (there || this.#admitted.size < this.#options.maxAwake)) this.#lane(sessionId).warm();
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
    if (lane?.awake && !lane.busy) await lane.sleep();
  }

  /** Puts idle sessions to sleep, gives running turns `graceMs` to end, and leaves those that don't to the next server. */
  async drain(graceMs: number): Promise<void> {
    this.#stopping = true;
    const { promise: deadline, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, graceMs);
    await Promise.all(
      [...this.#lanes.values()].map(async (lane) => {
        await Promise.race([lane.done, deadline]);
        if (!lane.busy && lane.awake) await lane.sleep();
      }),
    );
    clearTimeout(timer);
  }

  /** Lets go of all sandboxes without ending them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    this.#disposed = true;
    for (const wake of this.#waiting.splice(0)) wake();
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

  async #admit(lane: Lane): Promise<void> {
    const deadline = Date.now() + (this.#options.admitMs ?? 60_000);
    while (!this.#admitted.has(lane) && this.room <= 0) {
      if (this.#disposed) throw errors.shutting_down();
      if (await this.#options.spares.yieldPlace()) continue;
      const idle = this.#longestIdle();
      if (idle !== undefined) await idle.sleep();
      else if (Date.now() >= deadline) throw errors.capacity_reached({ limit: this.#options.maxAwake });
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, deadline - Date.now());
        this.#waiting.push(resolve);
        await promise;
        clearTimeout(timer);
      }
    }
    this.#admitted.add(lane);
  }

  #changed(lane: Lane): void {
    if (!lane.awake && !lane.busy) {
      this.#admitted.delete(lane);
      this.#lanes.delete(lane.sessionId);
    }
    this.#waiting.shift()?.();
  }

  #longestIdle(): Lane | undefined {
    const idle = [...this.#admitted].filter((lane) => lane.awake && !lane.busy);
    return idle.sort((a, b) => a.idleSince - b.idleSince)[0];
  }

  #sleepIdle(): void {
    const before = Date.now() - this.#options.idleMs;
    for (const lane of this.#admitted) {
      if (!lane.awake || lane.busy || lane.idleSince > before) continue;
      lane
        .sleep()
        .catch((err: unknown) => this.#rooms.logger.error({ sessionId: lane.sessionId, err }, 'sleep failed'));
    }
  }
}
