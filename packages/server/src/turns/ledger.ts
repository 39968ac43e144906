/**
 * A session's ledger: the one hand that writes its log while a server holds its lease. Everything is fenced by the lease's
 * epoch, repeated until the database is there, and told to readers only once it is committed.
 */
import { LeaseLost } from '@ash-ai/sandbox';
import { errors, type TurnEnded } from '@ash-ai/shared';
import { recordEgress } from '../egress/record.ts';
import { type Log, toItem } from '../log/log.ts';
import * as approvalStore from '../store/approvals.ts';
import * as logStore from '../store/log.ts';
import type { Store, WriteJob } from '../store/open.ts';
import type { Writer } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import type { Meter } from '../telemetry/meter.ts';
import { recordTurnTime, recordUsage } from '../usage/record.ts';
import { noteApprovals } from './note-approvals.ts';
import { patiently } from './patiently.ts';
import type { Recorded } from './record.ts';

export interface LedgerRooms {
  store: Store;
  log: Log;
  meter: Meter;
  /** Identifies this server as the holder of leases. */
  serverId: string;
}

/** An entry that the lane itself has to say. */
export interface OwnEntry {
  type: 'session' | 'message' | 'turn_started' | 'turn_ended';
  turnId: string;
  dataText: string;
}

export class Ledger {
  readonly #sessionId: string;
  readonly #rooms: LedgerRooms;
  readonly #signal: AbortSignal;
  #epoch: number | undefined;
  #committed: { life: string | null; n: number } = { life: null, n: 0 };

  /** @param signal ends the waiting for a database that is away */
  constructor(sessionId: string, rooms: LedgerRooms, signal: AbortSignal) {
    this.#sessionId = sessionId;
    this.#rooms = rooms;
    this.#signal = signal;
  }

  /** Number of the newest frame that is committed of the life that is there. */
  get committedN(): number {
    return this.#committed.n;
  }

  /** The session as it is; the first call takes the lease. @throws session_not_found */
  async lease(): Promise<sessionStore.SessionRow> {
    const session = await this.patiently(() => sessionStore.getById(this.#rooms.store.db, this.#sessionId));
    if (session === undefined) throw errors.session_not_found({ sessionId: this.#sessionId });
    if (this.#epoch === undefined) {
      this.#epoch = await this.#write((tx) => sessionStore.acquireLease(tx, this.#sessionId, this.#rooms.serverId));
      this.#committed = { life: session.frameLife, n: session.frameN };
    }
    return session;
  }

  /** With what a sandbox is attached to: the epoch, and what needs no repeating. */
  attachment(): { epoch: number; committed: { life: string | null; n: number } } {
    return { epoch: this.#epoch ?? 0, committed: { ...this.#committed } };
  }

  /** A sandbox has been taken over; a life that is new has nothing committed. */
  lives(life: string): void {
    if (this.#committed.life !== life) this.#committed = { life, n: 0 };
  }

  /** queued → running; false when the turn isn't the oldest that is queued, or isn't queued. */
  async start(turnId: string): Promise<boolean> {
    return await this.#append([{ type: 'turn_started', turnId, dataText: '{}' }], async (tx, { lastSeq }, at) => {
      if ((await turnStore.nextQueued(tx, this.#sessionId))?.id !== turnId) throw new TurnGone();
      if ((await turnStore.setRunning(tx, { id: turnId, startedSeq: lastSeq, at })) === undefined) throw new TurnGone();
    }).then(
      () => true,
      (cause: unknown) => {
        if (cause instanceof TurnGone) return false;
        throw cause;
      },
    );
  }

  /** Commits the entries of frames up to `part.n`, and all that follows from them. @throws LeaseLost */
  async commit(part: Recorded): Promise<void> {
    const { log } = this.#rooms;
    const sessionId = this.#sessionId;
    const { n, entries, ended, egress } = part;
    if (n === undefined) return;
    const createdAt = now();
    const life = this.#committed.life ?? '';
    const rows = entries.map((entry) => ({ ...entry, createdAt }));
    const appended = await this.#write(async (tx) => {
      const written = await logStore.append(tx, { sessionId, epoch: this.#epoch, entries: rows, frame: { life, n } });
      if (typeof written === 'string') return written;
      await recordUsage(tx, { sessionId, entries: rows, at: createdAt });
      await recordEgress(tx, { sessionId, egress, at: createdAt });
      await noteApprovals(tx, { sessionId, entries: rows, taken: part.taken });
      for (const end of ended) {
        await settle(tx, {
          sessionId,
          id: end.turnId,
          endedSeq: written.firstSeq + end.at,
          at: createdAt,
          end: end.ended,
        });
      }
      return written;
    });
    if (appended === 'stale_epoch') throw new LeaseLost('the session has a newer lease');
    this.#committed.n = n;
    if (appended === 'duplicate_frame') await log.catchUp(sessionId);
    else {
      const { firstSeq } = appended;
      for (const end of ended) this.#rooms.meter.turnEnded(end.ended.outcome);
      log.publish(
        sessionId,
        rows.map((row, index) => toItem({ sessionId, seq: firstSeq + index, ...row })),
      );
    }
  }

  /** Ends a turn that no frame of the bridge has ended. @param before entries that come with its end */
  async end(turnId: string, end: TurnEnded, before: readonly OwnEntry[] = []): Promise<void> {
    const ended: OwnEntry = { type: 'turn_ended', turnId, dataText: JSON.stringify(end) };
    await this.#append([...before, ended], async (tx, { lastSeq }, at) => {
      await settle(tx, { sessionId: this.#sessionId, id: turnId, endedSeq: lastSeq, at, end });
    });
    this.#rooms.meter.turnEnded(end.outcome);
  }

  /** Writes down what no frame of the bridge said. */
  async note(entries: readonly OwnEntry[]): Promise<void> {
    await this.#append(entries, () => Promise.resolve());
  }

  async #append(
    entries: readonly OwnEntry[],
    also: (tx: Writer, appended: logStore.Appended, at: string) => Promise<void>,
  ): Promise<void> {
    const sessionId = this.#sessionId;
    const createdAt = now();
    const rows = entries.map((entry) => ({ ...entry, createdAt }));
    // A commit whose answer got lost has happened or not; if it has, its entries are where that attempt put them.
    let tried: number | undefined;
    const firstSeq = await this.#write(async (tx) => {
      const appended = await logStore.append(tx, { sessionId, epoch: this.#epoch, entries: rows });
      if (typeof appended === 'string') throw new LeaseLost(appended);
      // Only now that the session's row is ours has an earlier attempt come to its end. One that got the same place as this one
      // has not happened: what stands there is our own.
      const earlier = tried !== undefined && tried < appended.firstSeq ? tried : undefined;
      if (earlier !== undefined && (await isThere(tx, { sessionId, seq: earlier, row: rows[0] })))
        throw new Written(earlier);
      tried = appended.firstSeq;
      await recordUsage(tx, { sessionId, entries: rows, at: createdAt });
      await also(tx, appended, createdAt);
      return appended.firstSeq;
    }).catch((cause: unknown) => {
      if (cause instanceof Written) return cause.firstSeq;
      throw cause;
    });
    this.#rooms.log.publish(
      sessionId,
      rows.map((row, index) => toItem({ sessionId, seq: firstSeq + index, ...row })),
    );
  }

  #write<T>(job: WriteJob<T>): Promise<T> {
    return this.patiently(() => this.#rooms.meter.append(() => this.#rooms.store.write(job)));
  }

  /** Waits out a database that is away: frames wait in the bridge's spool meanwhile. */
  patiently<T>(work: () => Promise<T>): Promise<T> {
    return patiently(work, this.#signal);
  }
}

/** The turn that was to be run is not the next one that is queued. */
class TurnGone extends Error {}

/** An earlier attempt, whose answer got lost, has written the entries. */
class Written extends Error {
  readonly firstSeq: number;

  constructor(firstSeq: number) {
    super();
    this.firstSeq = firstSeq;
  }
}

/** Whether this very entry is in the log at this place: what is there never changes. */
async function isThere(
  tx: Writer,
  { sessionId, seq, row }: { sessionId: string; seq: number; row: (OwnEntry & { createdAt: string }) | undefined },
): Promise<boolean> {
  const [there] = await logStore.readText(tx, { sessionId, after: seq - 1, upTo: seq });
  return (
    there !== undefined &&
    row !== undefined &&
    there.type === row.type &&
    there.turnId === row.turnId &&
    there.dataText === row.dataText &&
    there.createdAt === row.createdAt
  );
}

/** The turn's row as its `turn_ended` entry says; the first completed turn proves that there is a conversation. */
async function settle(
  tx: Writer,
  { sessionId, id, endedSeq, at, end }: { sessionId: string; id: string; endedSeq: number; at: string; end: TurnEnded },
): Promise<void> {
  const { failure } = end;
  const error = failure?.error.toWellFormed().replaceAll('\0', '');
  const ended = await turnStore.setEnded(tx, {
    id,
    status: end.outcome,
    endedSeq,
    at,
    errorCode: failure?.code,
    error,
  });
  if (ended !== undefined) await recordTurnTime(tx, ended);
  await approvalStore.expire(tx, { turnId: id, at });
  if (end.outcome === 'completed') {
    await sessionStore.update(tx, { id: sessionId, at, patch: { runtimeStarted: true } });
  }
}

function now(): string {
  return new Date().toISOString();
}
