/** Small rooms in memory behind the real worker: they start turns by idempotency key, and the test ends them. */
import { newId, type TurnEnded } from '@ash-ai/shared';
import type { Batch } from '../../src/log/feed-item.ts';
import type { AttemptRooms } from '../../src/queue/attempt.ts';
import { session } from '../http/rooms.ts';

export interface StartedTurn {
  turnId: string;
  sessionId: string;
  key: string;
  prompt: unknown;
  end(ended: TurnEnded): void;
}

/** What the worker asks for. */
export class FixtureRooms implements AttemptRooms {
  /** Turns in the order of their start. */
  readonly turnsStarted: StartedTurn[] = [];
  readonly recovered: string[] = [];
  /** Thrown in place of a new session. */
  refusal: Error | undefined;
  readonly #sessions = new Map<string, string>();
  readonly #ends = new Map<string, PromiseWithResolvers<TurnEnded>>();
  readonly #waiting: [count: number, resolve: () => void][] = [];

  readonly sessions: AttemptRooms['sessions'] = {
    create: async (_tenant, _request, key = newId()) => {
      if (this.refusal !== undefined) throw this.refusal;
      const id = this.#sessions.get(key) ?? newId();
      this.#sessions.set(key, id);
      return { ...session, id };
    },
  };

  readonly turns: AttemptRooms['turns'] = {
    start: async (_tenant, sessionId, input, key = newId()) => {
      const known = this.turnsStarted.find((turn) => turn.key === key);
      if (known !== undefined) return { turnId: known.turnId, acceptedSeq: 1 };
      const turnId = newId();
      const ended = Promise.withResolvers<TurnEnded>();
      this.#ends.set(turnId, ended);
      this.turnsStarted.push({ turnId, sessionId, key, prompt: input.content, end: ended.resolve });
      for (const [count, resolve] of this.#waiting) if (this.turnsStarted.length >= count) resolve();
      return { turnId, acceptedSeq: 1 };
    },
  };

  readonly log: AttemptRooms['log'] = {
    follow: async (_tenant, _session, { turnId = '', signal }) => this.#items(turnId, signal),
  };

  /** As after more than a week. */
  forgetKeys(): void {
    for (const turn of this.turnsStarted) turn.key = `forgotten ${turn.key}`;
    this.#sessions.clear();
  }

  recover(sessionId: string): void {
    this.recovered.push(sessionId);
  }

  /** How many sessions have been made. */
  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Resolves when so many turns have been started; the newest of them. */
  async turn(count: number): Promise<StartedTurn> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push([count, resolve]);
    if (this.turnsStarted.length < count) await promise;
    const turn = this.turnsStarted[count - 1];
    if (turn === undefined) throw new Error('no such turn');
    return turn;
  }

  async *#items(turnId: string, signal: AbortSignal): AsyncGenerator<Batch> {
    const aborted = new Promise<undefined>((resolve) => signal.addEventListener('abort', () => resolve(undefined)));
    const ended = signal.aborted ? undefined : await Promise.race([this.#ends.get(turnId)?.promise, aborted]);
    if (ended === undefined) return;
    const entry = { kind: 'entry', type: 'turn_ended', seq: 2, turnId, createdAt: '' } as const;
    yield { items: [{ item: { ...entry, data: JSON.stringify(ended) }, cursor: '2' }] };
  }
}
