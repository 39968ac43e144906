/**
 * The spares: sandboxes that are up before their session is made, and become its own. Of two kinds: a bridge alone, with
 * nothing of any tenant in it, and a runtime that was started for one tenant, agent version and set of options.
 * They are started one at a time, while there is room and no session wants to start, and are the first to go.
 */
import type { AwakeSandbox, Boot, Runner } from '@ash-ai/sandbox';
import { newId } from '@ash-ai/shared';
import type { SandboxLimits } from '@ash-ai/shared/contract';
import type { Logger } from 'pino';
import type { SessionRow } from '../store/sessions.ts';
import { bridgeKey, Demand, type SparePolicy, staleMs, type Want } from './demand.ts';
import { keyOf, rowOf, type Shape } from './shape.ts';
import { Spare } from './spare.ts';

/** One that waited for so long is replaced: what its runtime read at its start grows old. */
const maxAgeMs = 30 * 60_000;
/** How long a start that was put off waits, in ms. */
const laterMs = 250;
const maxBackoffMs = 60_000;

export interface SparesRooms {
  runner: Pick<Runner, 'spare' | 'remove'>;
  logger: Logger;
  /** What a session is opened with. */
  openRequest(session: SessionRow): Promise<Boot & { limits: SandboxLimits }>;
  /** Isolation and limits of a sandbox that waits for whoever comes. */
  isolation: string;
  limits: SandboxLimits;
  /** How many more sandboxes there may be now. */
  room(): number;
}

export interface SparesOptions {
  policy: SparePolicy;
  /** Spares at once, of all kinds. */
  most: number;
}

export class Spares implements AsyncDisposable {
  readonly #rooms: SparesRooms;
  readonly #options: SparesOptions;
  readonly #demand: Demand;
  readonly #spares = new Set<Spare>();
  /** Given to sessions that have not taken them up yet: what each is for. */
  readonly #given = new Map<string, string>();
  readonly #removals = new Set<Promise<void>>();
  readonly #backoff = new Map<string, { until: number; ms: number }>();
  #starting: Promise<void> | undefined;
  #startMs = 2000;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** How often sessions took a booted spare, a bridge, none because there was none, or one that was of no use; failed starts. */
  readonly counts = { booted: 0, bridge: 0, none: 0, failed: 0, failedStarts: 0 };

  constructor(rooms: SparesRooms, options: SparesOptions) {
    this.#rooms = rooms;
    this.#options = options;
    this.#demand = new Demand(options.policy);
  }

  get warm(): number {
    return [...this.#spares].filter(({ ready }) => ready).length;
  }

  /** Those that can't be used yet, or not to the full. */
  get warming(): number {
    return this.#spares.size - this.warm + (this.#starting === undefined ? 0 : 1);
  }

  /** Sandboxes that take a place and belong to no session that is awake. */
  get size(): number {
    return this.#spares.size + this.#given.size + (this.#starting === undefined ? 0 : 1);
  }

  /** Ids of the sessions to be. */
  get ids(): string[] {
    return [...[...this.#spares].map(({ sessionId }) => sessionId), ...this.#given.keys()];
  }

  /** The id of a session that is about to be made, with a sandbox waiting for it; undefined when no spare fits. */
  claim(shape: Shape, limits: SandboxLimits): string | undefined {
    if (this.#options.policy === 'off' || this.#stopped) return undefined;
    const key = keyOf(shape);
    this.#demand.note(key ?? bridgeKey, key === undefined ? undefined : shape, performance.now());
    const fitting = this.#of(key) ?? (this.#takesBridge(shape, limits) ? this.#of(bridgeKey) : undefined);
    if (fitting === undefined) this.counts.none += 1;
    else this.#give(fitting);
    this.#look();
    return fitting?.sessionId;
  }

  /** The session that was to have it was not made. */
  unclaim(sessionId: string): void {
    if (this.#given.delete(sessionId)) this.#remove(sessionId);
  }

  /** Its session was ended before it took it up. */
  release(sessionId: string): void {
    this.#given.delete(sessionId);
  }

  /** Sessions of this shape are likely to come, and none of those that are `gone`. */
  expect(shape: () => Promise<Shape>, gone: (shape: Shape) => boolean): void {
    if (this.#options.policy === 'off' || this.#stopped) return;
    const work = shape().then((found) => {
      const key = keyOf(found);
      if (key !== undefined && !this.#stopped) this.#demand.note(key, found, performance.now(), true);
      this.forget((other) => gone(other) && keyOf(other) !== key);
    });
    this.#inBackground(work, 'no spare is started for a deployment');
  }

  /** Drops what was started for shapes that no session will have any more. */
  forget(gone: (shape: Shape) => boolean): void {
    this.#demand.forget(gone);
    this.#look();
  }

  /** Ends one, for a session that needs its place; false when there is none. */
  async yieldPlace(): Promise<boolean> {
    const [oldest] = this.#spares;
    if (oldest === undefined) return false;
    this.#drop(oldest);
    await Promise.all(this.#removals);
    return true;
  }

  /** What became of a spare that was given to a session: undefined when none was. */
  tookUp(sessionId: string, sandbox: AwakeSandbox | undefined, runtimeKey: string): void {
    const key = this.#given.get(sessionId);
    if (key === undefined) return;
    this.#given.delete(sessionId);
    if (sandbox?.path !== 'live' || sandbox.runtimeKey !== runtimeKey) this.counts.failed += 1;
    else this.counts[key === bridgeKey ? 'bridge' : 'booted'] += 1;
  }

  isGiven(sessionId: string): boolean {
    return this.#given.has(sessionId);
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    for (const spare of this.#spares) this.#drop(spare);
    await this.#starting;
    await Promise.all(this.#removals);
  }

  /** A bridge alone has its wall already, as sessions have it that ask for nothing else. */
  #takesBridge({ settings }: Shape, limits: SandboxLimits): boolean {
    return settings.isolation === this.#rooms.isolation && sameLimits(limits, this.#rooms.limits);
  }

  #of(key: string | undefined): Spare | undefined {
    const fitting = [...this.#spares].filter((spare) => spare.key === key);
    return fitting.find(({ ready }) => ready) ?? fitting[0];
  }

  #give(spare: Spare): void {
    this.#spares.delete(spare);
    this.#given.set(spare.sessionId, spare.key);
    spare.give();
  }

  /** Brings what there is nearer to what is wanted. Called whenever either may have changed. */
  #look(): void {
    clearTimeout(this.#timer);
    if (this.#stopped) return;
    const now = performance.now();
    const wants = this.#demand.wants(now, this.#startMs);
    const wanted = new Map(wants.map(({ key, count }) => [key, count]));
    for (const spare of this.#spares) {
      const left = wanted.get(spare.key) ?? 0;
      if (left === 0 || now - spare.since >= maxAgeMs) this.#drop(spare);
      else wanted.set(spare.key, left - 1);
    }
    const missing = wants.filter(({ key }) => (wanted.get(key) ?? 0) > 0);
    const next = missing.find(({ key }) => (this.#backoff.get(key)?.until ?? 0) <= now);
    if (next !== undefined && this.#starting === undefined && this.#hasRoom(next, wants)) {
      this.#starting = this.#start(next).finally(() => {
        this.#starting = undefined;
        this.#look();
      });
      return;
    }
    if (wants.length === 0 && this.#spares.size === 0) return;
    this.#timer = setTimeout(() => this.#look(), missing.length === 0 ? staleMs / 10 : laterMs).unref();
  }

  /** Whether one more may be started. At the bound, the one that is wanted least makes room. */
  #hasRoom(next: Want, wants: readonly Want[]): boolean {
    if (this.#rooms.room() <= 0) return false;
    if (this.#spares.size < this.#options.most) return true;
    const rank = (key: string): number => wants.findIndex((want) => want.key === key);
    const least = [...this.#spares].sort((a, b) => rank(b.key) - rank(a.key))[0];
    if (least === undefined || rank(least.key) <= rank(next.key)) return false;
    this.#drop(least);
    return true;
  }

  async #start({ key, shape }: Want): Promise<void> {
    const { runner, openRequest, limits, logger } = this.#rooms;
    const sessionId = newId();
    const startedAt = performance.now();
    try {
      const boot = shape === undefined ? undefined : await openRequest(rowOf(shape, sessionId));
      const request = boot === undefined ? { limits } : { limits: boot.limits, boot };
      const sandbox = await runner.spare({ sessionId, ...request });
      const spare = new Spare(
        { sessionId, key, sandbox, booting: boot !== undefined },
        {
          ready: () => {
            this.#startMs = performance.now() - startedAt;
          },
          gone: (gone) => this.#died(gone),
        },
      );
      this.#spares.add(spare);
      this.#backoff.delete(key);
      // Meanwhile nobody may have any use for it.
      if (this.#stopped) this.#drop(spare);
    } catch (err) {
      this.#failed(key);
      logger.warn({ err, agent: shape?.agentName }, 'a spare could not be started');
    }
  }

  #died(spare: Spare): void {
    if (!this.#spares.delete(spare)) return;
    this.#failed(spare.key);
    this.#remove(spare.sessionId);
    this.#look();
  }

  #failed(key: string): void {
    this.counts.failedStarts += 1;
    const ms = Math.min(maxBackoffMs, 2 * (this.#backoff.get(key)?.ms ?? 500));
    this.#backoff.set(key, { until: performance.now() + ms, ms });
  }

  #drop(spare: Spare): void {
    if (!this.#spares.delete(spare)) return;
    spare.give();
    this.#remove(spare.sessionId);
  }

  #remove(sessionId: string): void {
    this.#inBackground(this.#rooms.runner.remove(sessionId), 'a spare was not removed; a sweep will');
  }

  #inBackground(work: Promise<void>, otherwise: string): void {
    const done = work
      .catch((err: unknown) => this.#rooms.logger.error({ err }, otherwise))
      .finally(() => this.#removals.delete(done));
    this.#removals.add(done);
  }
}

function sameLimits(a: SandboxLimits, b: SandboxLimits): boolean {
  return (Object.keys(b) as (keyof SandboxLimits)[]).every((name) => a[name] === b[name]);
}
