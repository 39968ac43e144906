/**
 * Decisions on their way to the server. Each becomes a record; when they come too fast, those that are alike become one
 * record with a count, so that a flood is bounded and still nothing is lost.
 */
import type { EgressRecord } from '@ash-ai/shared/egress';

/** A decision that stands for itself. */
export type Decision = Omit<EgressRecord, 'count'>;

export interface JournalOptions {
  /** Takes a record that is to be kept. */
  keep: (record: EgressRecord) => void;
  /** Records that may come at once. Default 100. */
  burst?: number;
  /** Records that may come in the long run. Default 5. */
  perSecond?: number;
  /** Kinds of decision that are told apart while records are held back. Default 50. */
  maxKinds?: number;
  now?: () => number;
}

/** Bounds the rate of records. Disposing gives out what is held back. */
export class EgressJournal implements Disposable {
  readonly #options: Required<JournalOptions>;
  readonly #heldBack = new Map<string, EgressRecord>();
  #tokens: number;
  #filledAt: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: JournalOptions) {
    this.#options = { burst: 100, perSecond: 5, maxKinds: 50, now: () => performance.now(), ...options };
    this.#tokens = this.#options.burst;
    this.#filledAt = this.#options.now();
  }

  /** Writes a decision down, now or with others of its kind. */
  write(decision: Decision): void {
    this.#refill();
    if (this.#heldBack.size === 0 && this.#tokens >= 1) {
      this.#tokens -= 1;
      this.#options.keep({ ...decision, count: 1 });
    } else this.#holdBack(decision);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const record of this.#heldBack.values()) this.#options.keep(record);
    this.#heldBack.clear();
  }

  #holdBack(decision: Decision): void {
    const { method, host, port, allowed, reason, model } = decision;
    const known = JSON.stringify([method, host, port, allowed, reason, model]);
    const full = !this.#heldBack.has(known) && this.#heldBack.size >= this.#options.maxKinds;
    const key = full ? JSON.stringify([method, allowed]) : known;
    const record = this.#heldBack.get(key);
    if (record !== undefined) this.#heldBack.set(key, added(record, decision));
    else if (full) this.#heldBack.set(key, { ...decision, host: '*', port: 0, address: null, model: null, count: 1 });
    else this.#heldBack.set(key, { ...decision, count: 1 });
    this.#timer ??= setTimeout(() => this.#giveOut(), 1000).unref();
  }

  #giveOut(): void {
    this.#timer = undefined;
    this.#refill();
    for (const [key, record] of this.#heldBack) {
      if (this.#tokens < 1) break;
      this.#tokens -= 1;
      this.#heldBack.delete(key);
      this.#options.keep(record);
    }
    if (this.#heldBack.size > 0) this.#timer = setTimeout(() => this.#giveOut(), 1000).unref();
  }

  #refill(): void {
    const { now, burst, perSecond } = this.#options;
    const at = now();
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, at - this.#filledAt) / 1000) * perSecond);
    this.#filledAt = at;
  }
}

function added(record: EgressRecord, decision: Decision): EgressRecord {
  const { tokens, costUsd } = record;
  const more = decision.tokens;
  return {
    ...record,
    bytesOut: record.bytesOut + decision.bytesOut,
    bytesIn: record.bytesIn + decision.bytesIn,
    durationMs: record.durationMs + decision.durationMs,
    count: record.count + 1,
    costUsd: decision.costUsd === null ? costUsd : (costUsd ?? 0) + decision.costUsd,
    tokens:
      more === null
        ? tokens
        : {
            input: (tokens?.input ?? 0) + more.input,
            output: (tokens?.output ?? 0) + more.output,
            cacheWrite: (tokens?.cacheWrite ?? 0) + more.cacheWrite,
            cacheRead: (tokens?.cacheRead ?? 0) + more.cacheRead,
          },
  };
}

/** The times of a decision's record. @param startMs when it began, by `performance.now()` */
export function timesSince(startMs: number): Pick<EgressRecord, 'at' | 'durationMs'> {
  const durationMs = Math.round(performance.now() - startMs);
  // biome-ignore lint/plugin: when it began, for people to read
  return { at: new Date(Date.now() - durationMs).toISOString(), durationMs };
}
