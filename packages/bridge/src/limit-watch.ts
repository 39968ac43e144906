/** Tells whether a limit of the sandbox was hit: by the kernel's own counts and by the clock, never by exit codes. */
import { readFileSync } from 'node:fs';
import { type AshError, errors, type TurnFailure } from '@ash-ai/shared';
import type { HeldLimits } from '@ash-ai/shared/bridge-wire';

const lookMs = 1000;
/** So many looks in a row must find that processes were refused: a build that asks for too many ends, a bomb goes on. */
const bombLooks = 5;

/** What was hit while a turn runs; `grace` leaves the runtime time to end in good order. */
export interface Hit {
  failure: TurnFailure;
  grace: boolean;
}

export class LimitWatch {
  readonly #hit: (hit: Hit) => void;
  #limits: HeldLimits | undefined;
  #timers: NodeJS.Timeout[] = [];
  #kills = 0;
  #refusals = 0;
  #refusedLooks = 0;

  /** @param hit is told at most once a turn */
  constructor(hit: (hit: Hit) => void) {
    this.#hit = hit;
  }

  use(limits: HeldLimits): void {
    this.#limits = limits;
  }

  /** A turn begins. */
  begin(): void {
    this.end();
    this.calm();
    this.#refusals = this.#read('pids');
    this.#refusedLooks = 0;
    const { turnTimeoutMs = null, pidsEvents } = this.#limits ?? {};
    if (turnTimeoutMs !== null) {
      const failure = failureOf(errors.turn_timeout({ limitMs: turnTimeoutMs }));
      this.#timers.push(setTimeout(() => this.#tell({ failure, grace: true }), turnTimeoutMs));
    }
    if (pidsEvents !== undefined) this.#timers.push(setInterval(() => this.#look(), lookMs));
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }

  /** The runtime is alive: kills up to now were of its tools, which is theirs to report. */
  calm(): void {
    this.#kills = this.#read('memory');
  }

  /** Why a runtime that is gone was ended by the kernel; undefined when it was not. */
  causeOfDeath(): TurnFailure | undefined {
    const limits = this.#limits;
    if (limits === undefined) return undefined;
    if (this.#read('memory') > this.#kills) return failureOf(errors.memory_limit_reached({ limitMb: limits.memoryMb }));
    if (this.#read('pids') > this.#refusals) return failureOf(errors.process_limit_reached({ limit: limits.pids }));
    return undefined;
  }

  #look(): void {
    const limits = this.#limits;
    const refusals = this.#read('pids');
    this.#refusedLooks = refusals > this.#refusals ? this.#refusedLooks + 1 : 0;
    this.#refusals = refusals;
    if (limits === undefined || this.#refusedLooks < bombLooks) return;
    this.#tell({ failure: failureOf(errors.process_limit_reached({ limit: limits.pids })), grace: false });
  }

  #tell(hit: Hit): void {
    this.end();
    this.#hit(hit);
  }

  /** `oom_kill 2` in memory.events and memory.oom_control, `max 17` in pids.events. */
  #read(what: 'memory' | 'pids'): number {
    const path = what === 'memory' ? this.#limits?.memoryEvents : this.#limits?.pidsEvents;
    if (path === undefined) return 0;
    try {
      const pattern = what === 'memory' ? /^oom_kill (\d+)$/m : /^max (\d+)$/m;
      return Number(pattern.exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
    } catch {
      return 0;
    }
  }
}

function failureOf({ code, message }: AshError): TurnFailure {
  return { code, error: message };
}
