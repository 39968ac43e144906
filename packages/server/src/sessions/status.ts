/** Changes of a session's status. Each is one transaction with its entry in the log, and with the ends of turns that it cuts. */
import { errors, type SessionAction, type TurnEnded } from '@ash-ai/shared';
import type { SessionStatus } from '@ash-ai/shared/contract';
import { type Log, toItem } from '../log/log.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import type { Writer } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';

export interface Change {
  from: SessionStatus[];
  to: SessionStatus;
  action: SessionAction;
  more?: Record<string, unknown>;
  /** How queued turns end, if they are to end. */
  cancel?: TurnEnded;
}

interface Written {
  seq: number;
  type: 'session' | 'turn_ended';
  turnId: string | null;
  dataText: string;
}

/** Changes it, and tells readers of the log. @throws session_not_found, session_not_active */
export async function changeStatus(
  { store, log }: { store: Store; log: Log },
  { tenantId, sessionId }: { tenantId: string; sessionId: string },
  { from, to, action, more, cancel }: Change,
): Promise<sessionStore.SessionRow> {
  const at = new Date().toISOString();
  const { row, written } = await store.write(async (tx) => {
    const before = await sessionStore.get(tx, tenantId, sessionId);
    if (before === undefined) throw errors.session_not_found({ sessionId });
    const patch = to === 'ended' ? { endedAt: at } : {};
    const changed = await sessionStore.setStatus(tx, { id: sessionId, from, to, at, patch });
    if (changed === undefined) throw errors.session_not_active({ status: before.status });
    const written: Written[] = [await append(tx, sessionId, 'session', null, { action, ...more }, at)];
    if (cancel !== undefined) {
      const errorCode = cancel.failure?.code;
      for (const { id } of await turnStore.cancelQueued(tx, { sessionId, at, errorCode })) {
        const entry = await append(tx, sessionId, 'turn_ended', id, cancel, at);
        const { outcome: status } = cancel;
        await turnStore.setEnded(tx, { id, from: [status], status, endedSeq: entry.seq, at, errorCode });
        written.push(entry);
      }
    }
    return { row: await sessionStore.getById(tx, sessionId), written };
  });
  log.publish(
    sessionId,
    written.map((entry) => toItem({ sessionId, createdAt: at, ...entry })),
  );
  if (row === undefined) throw errors.session_not_found({ sessionId });
  return row;
}

/** Appends an entry that is nobody's frame. */
export async function append(
  tx: Writer,
  sessionId: string,
  type: Written['type'],
  turnId: string | null,
  data: object,
  createdAt: string,
): Promise<Written> {
  const dataText = JSON.stringify(data);
  const appended = await logStore.append(tx, { sessionId, entries: [{ type, turnId, dataText, createdAt }] });
  if (typeof appended === 'string') throw new Error(`an entry without a lease was refused: ${appended}`);
  return { seq: appended.lastSeq, type, turnId, dataText };
}
