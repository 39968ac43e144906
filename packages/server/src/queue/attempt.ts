/** One attempt at a queue item: its prompt becomes a turn, and the end of the turn is the end of the attempt. */
import { errors, isAshError, type TurnEnded } from '@ash-ai/shared';
import type { LogRoom, SessionsRoom, TurnsRoom } from '../http/rooms.ts';
import type { QueueItemRow } from '../store/queue.ts';
import type { Failure } from './backoff.ts';

/** What an attempt needs of the rooms around it. */
export interface AttemptRooms {
  sessions: Pick<SessionsRoom, 'create'>;
  turns: Pick<TurnsRoom, 'start'>;
  log: Pick<LogRoom, 'follow'>;
  /** Sees to a session whose server may be gone. */
  recover(sessionId: string): void;
}

/** How an attempt ended; undefined when it was given up before its end, which is for the next holder to see. */
export type Ended = { failure: Failure | undefined } | undefined;

/**
 * Makes the attempt, or goes on with one that an earlier holder of the item began: with its turn when that is noted,
 * however long ago. Until then session and turn have idempotency keys made of the item and the number of the attempt.
 *
 * @param note writes down where the results are as soon as it is known
 */
export async function attempt(
  rooms: AttemptRooms,
  item: QueueItemRow,
  note: (where: { sessionId: string; turnId: string | null }) => Promise<void>,
  signal: AbortSignal,
): Promise<Ended> {
  const { tenantId, agentName, prompt } = item;
  let { sessionId, turnId } = item;
  try {
    if (sessionId === null) {
      sessionId = (await rooms.sessions.create(tenantId, { agent: agentName }, `queue:${item.id}`)).id;
      await note({ sessionId, turnId: null });
    }
    if (turnId === null) {
      const input = { content: prompt, options: {}, whenBusy: 'queue' as const };
      const key = `queue:${item.id}:${item.retryCount + 1}`;
      ({ turnId } = await rooms.turns.start(tenantId, sessionId, input, key));
      await note({ sessionId, turnId });
    } else rooms.recover(sessionId);
    const cursor = { seq: 0, previews: 0 };
    const end = await endOf(await rooms.log.follow(tenantId, sessionId, { cursor, turnId, previews: false, signal }));
    return end && { failure: failureOf(end) };
  } catch (cause) {
    if (signal.aborted) return undefined;
    if (!isAshError(cause)) throw cause;
    return { failure: { error: cause.message, final: false } };
  }
}

async function endOf(batches: Awaited<ReturnType<LogRoom['follow']>>): Promise<TurnEnded | undefined> {
  for await (const { items } of batches) {
    const { item } = items.at(-1) ?? {};
    if (item?.kind === 'entry' && item.type === 'turn_ended') return JSON.parse(item.data) as TurnEnded;
  }
  return undefined;
}

function failureOf({ outcome, failure }: TurnEnded): Failure | undefined {
  if (outcome === 'completed') return undefined;
  const interrupted = outcome === 'interrupted';
  const error = failure?.error ?? (interrupted ? errors.turn_interrupted() : errors.internal()).message;
  return { error, final: interrupted };
}
