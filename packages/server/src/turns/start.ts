/** Accepts a message: a turn is queued and its first entry is in the log when this resolves. */
import { errors, newId, type TurnContent } from '@ash-ai/shared';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { TurnsRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import { type Log, toItem } from '../log/log.ts';
import { StoreUnavailable } from '../store/errors.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import type { DiskReserve } from './disk-reserve.ts';
import type { Executor } from './executor.ts';

/** How many turns of one session may wait. */
const maxQueued = 100;

export interface TurnInput {
  content: TurnContent;
  options: TurnOptions;
  whenBusy: 'queue' | 'reject' | 'interrupt';
}

export class Turns implements TurnsRoom {
  readonly #store: Store;
  readonly #log: Log;
  readonly #executor: Executor;
  readonly #reserve: DiskReserve;

  constructor(store: Store, log: Log, executor: Executor, reserve: DiskReserve) {
    this.#reserve = reserve;
    this.#store = store;
    this.#log = log;
    this.#executor = executor;
  }

  async wake(tenantId: string, sessionId: string): Promise<void> {
    const session = await sessionStore.get(this.#store.db, tenantId, sessionId);
    if (session?.status === 'active') this.#executor.warm(sessionId);
  }

  positionOf(sessionId: string): number | undefined {
    return this.#executor.positionOf(sessionId);
  }

  async start(
    tenantId: string,
    sessionId: string,
    input: TurnInput,
    idempotencyKey?: string,
  ): Promise<{ turnId: string; acceptedSeq: number }> {
    await this.#reserve.mayAccept();
    const turnId = newId();
    const createdAt = new Date().toISOString();
    const dataText = JSON.stringify({ content: input.content });
    const accepting = this.#store.write(async (tx) => {
      const session = await sessionStore.get(tx, tenantId, sessionId);
      if (session === undefined) throw errors.session_not_found({ sessionId });
      const request = { sessionId, content: input.content, options: input.options };
      const earlier = await claimOnce(tx, {
        tenantId,
        key: idempotencyKey,
        request,
        resourceId: turnId,
        at: createdAt,
      });
      if (earlier !== undefined) return { earlier, runningId: undefined, seq: 0 };
      if (session.status !== 'active') throw errors.session_not_active({ status: session.status });
      this.#executor.mayAccept(sessionId);
      const running = await turnStore.running(tx, sessionId);
      const queued = await turnStore.countQueued(tx, sessionId);
      if (input.whenBusy === 'reject' && (running !== undefined || queued > 0))
        throw errors.session_busy({ sessionId });
      if (queued >= maxQueued) throw errors.turn_queue_full({ limit: maxQueued });
      const entries = [{ type: 'turn_accepted', turnId, createdAt, dataText }];
      const appended = await logStore.append(tx, { sessionId, entries });
      if (typeof appended === 'string') throw new Error(`intake needs no lease, but: ${appended}`);
      const { options } = input;
      await turnStore.insertQueued(tx, {
        id: turnId,
        tenantId,
        sessionId,
        input: { content: input.content },
        options,
        acceptedSeq: appended.lastSeq,
        createdAt,
      });
      return { earlier: undefined, runningId: running?.id, seq: appended.lastSeq };
    });
    // Only there do the writes of all callers run one after another, and share commits.
    if (this.#store.dialect === 'sqlite')
      this.#executor.ahead(tenantId, sessionId, { id: turnId, content: input.content, options: input.options });
    const accepted = await accepting.catch((cause: unknown) => {
      // It may be in the log although nobody is told so: then it is run, and a second attempt finds it.
      if (cause instanceof StoreUnavailable && cause.uncertain) {
        this.#executor.nudge(sessionId);
        void this.#log.catchUp(sessionId).catch(() => undefined);
      }
      throw cause;
    });
    if (accepted.earlier !== undefined) {
      const turn = await turnStore.get(this.#store.db, accepted.earlier);
      if (turn === undefined) throw errors.turn_not_found({ turnId: accepted.earlier });
      return { turnId: turn.id, acceptedSeq: turn.acceptedSeq };
    }
    this.#log.publish(sessionId, [
      toItem({ sessionId, seq: accepted.seq, type: 'turn_accepted', turnId, dataText, createdAt }),
    ]);
    if (input.whenBusy === 'interrupt' && accepted.runningId !== undefined)
      await this.#executor.interrupt(sessionId, accepted.runningId);
    this.#executor.nudge(sessionId);
    return { turnId, acceptedSeq: accepted.seq };
  }
}
