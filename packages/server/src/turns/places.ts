/**
 * The places for sandboxes: how many may be awake at once, by number and by memory, and who gets the next one. What is
 * needed least makes room: spares first, then whoever has been idle the longest. Who finds none waits, for a bounded time.
 */
import { FairLine } from '@ash-ai/sandbox';
import { errors } from '@ash-ai/shared';
import type { Logger } from 'pino';
import type { Spares } from '../spares/spares.ts';

export interface PlacesOptions {
  /** Sandboxes at most. */
  maxAwake: number;
  /** Memory for all of them, in MB. */
  memoryMb: number;
  /** How long one waits for a place, in ms. */
  waitMs: number;
  /** How many may wait. */
  maxWaiting: number;
}

/** Who may have a place: a lane. */
export interface Occupant {
  readonly sessionId: string;
  readonly awake: boolean;
  /** Whether nothing is lost when its sandbox goes to sleep. */
  readonly sleepable: boolean;
  /** When it last had something to do, by `performance.now()`. */
  readonly idleSince: number;
  sleep(): Promise<void>;
}

/** What a sandbox takes before any was measured: the runtime's own 115 MB, its bridge, and tools. */
const guessMb = 190;

interface Waiter {
  occupant: Occupant;
  go(): void;
  refuse(cause: Error): void;
}

export class Places {
  readonly #options: PlacesOptions;
  readonly #spares: Pick<Spares, 'size' | 'yieldPlace'>;
  readonly #logger: Pick<Logger, 'error'>;
  readonly #held = new Set<Occupant>();
  readonly #line = new FairLine<Waiter>();
  #eachMb = guessMb;
  #serving = false;
  #closed = false;

  constructor(options: PlacesOptions, spares: Pick<Spares, 'size' | 'yieldPlace'>, logger: Pick<Logger, 'error'>) {
    this.#options = options;
    this.#spares = spares;
    this.#logger = logger;
  }

  /** How many there are. */
  get limit(): number {
    return Math.max(1, Math.min(this.#options.maxAwake, Math.floor(this.#options.memoryMb / this.#eachMb)));
  }

  /** How many more sandboxes there may be before one has to go. */
  get room(): number {
    return this.limit - this.#held.size - this.#spares.size;
  }

  /** Who has a place: the awake, and those about to be. */
  get held(): ReadonlySet<Occupant> {
    return this.#held;
  }

  get waiting(): number {
    return this.#line.length;
  }

  /** A session's place in the line, from 1; undefined when it doesn't wait. */
  positionOf(sessionId: string): number | undefined {
    return this.#line.positionOf(({ occupant }) => occupant.sessionId === sessionId);
  }

  /** Whether one more may wait, if it came to that. @throws capacity_reached */
  mayWait(): void {
    if (this.#line.length >= this.#options.maxWaiting) throw this.#full();
  }

  /** What a sandbox takes, as measured; what is measured next counts a tenth. */
  measured(mb: number): void {
    this.#eachMb = Math.max(50, 0.9 * this.#eachMb + 0.1 * mb);
  }

  /** It is awake already, whether there was a place or not. */
  adopt(occupant: Occupant): void {
    this.#held.add(occupant);
  }

  /** Resolves when it has a place. @throws capacity_reached, shutting_down */
  async take(occupant: Occupant, tenantId: string): Promise<void> {
    if (this.#held.has(occupant)) return;
    if (this.#closed) throw errors.shutting_down();
    if (this.#line.length === 0 && this.room > 0) {
      this.#held.add(occupant);
      return;
    }
    this.mayWait();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiter: Waiter = { occupant, go: resolve, refuse: reject };
    this.#line.push(tenantId, waiter);
    const timer = setTimeout(() => {
      this.#line.remove(waiter);
      reject(this.#full());
    }, this.#options.waitMs);
    this.look();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  release(occupant: Occupant): void {
    this.#held.delete(occupant);
  }

  /** Gives away what places there are or can be made. Called whenever that may have changed. */
  look(): void {
    if (this.#serving || this.#line.length === 0) return;
    this.#serving = true;
    void this.#serve()
      .catch((err: unknown) => this.#logger.error({ err }, 'no place could be made'))
      .finally(() => {
        this.#serving = false;
      });
  }

  /** Nobody gets a place any more. */
  close(): void {
    this.#closed = true;
    for (const { refuse } of this.#line.clear()) refuse(errors.shutting_down());
  }

  async #serve(): Promise<void> {
    while (this.#line.length > 0) {
      if (this.room > 0) {
        const next = this.#line.shift();
        if (next === undefined) return;
        this.#held.add(next.occupant);
        next.go();
      } else if (!(await this.#spares.yieldPlace())) {
        const idle = this.#longestIdle();
        if (idle === undefined) return;
        await idle.sleep();
        // One that doesn't let go would be asked for ever.
        if (!idle.awake) this.#held.delete(idle);
      }
    }
  }

  #longestIdle(): Occupant | undefined {
    let longest: Occupant | undefined;
    for (const occupant of this.#held) {
      if (!occupant.sleepable) continue;
      if (longest === undefined || occupant.idleSince < longest.idleSince) longest = occupant;
    }
    return longest;
  }

  #full(): Error {
    const retryAfterSeconds = Math.max(1, Math.ceil(this.#options.waitMs / 10_000));
    return errors.capacity_reached({ limit: this.limit, retryAfterSeconds });
  }
}

/**
 * How long a session may be idle: less as places get scarce, a tenth when all are taken.
 * @param share of the places that are taken, from 0 to 1
 */
export function idleMsAt(share: number, idleMs: number): number {
  return idleMs * Math.min(1, Math.max(0.1, 1 - 1.8 * (share - 0.5)));
}
