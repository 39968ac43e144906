/** Turns: the jobs of a session, numbered densely, at most one of them running. */
import type { Selectable } from 'kysely';
import { prepared } from './prepared.ts';
import { PAGE_LIMIT, parseJson, type Reader, type WithJson, type Writer } from './row.ts';
import type { Tables, TurnStatus } from './tables.ts';

/** A turn; `input` and `options` parsed. */
export type TurnRow = WithJson<Selectable<Tables['turns']>, 'input' | 'options'>;

export interface NewTurn {
  readonly id: string;
  readonly tenantId: string;
  readonly sessionId: string;
  readonly input: unknown;
  /** Default: no options. */
  readonly options?: unknown;
  /** `seq` of the log entry that says the turn was accepted. */
  readonly acceptedSeq: number;
  readonly createdAt: string;
}

/** How a turn ends. */
export type EndedStatus = Extract<TurnStatus, 'completed' | 'failed' | 'interrupted'>;

const nextOrdinal = prepared((tx, { sessionId }: { sessionId: string }) =>
  tx
    .updateTable('sessions')
    .set((eb) => ({ turnCount: eb('turnCount', '+', 1) }))
    .where('id', '=', sessionId)
    .returning('turnCount'),
);

type Row = Selectable<Tables['turns']>;
type QueuedRow = Pick<
  Row,
  'id' | 'tenantId' | 'sessionId' | 'acceptedSeq' | 'createdAt' | 'ordinal' | 'input' | 'options'
>;

const insert = prepared((tx, given: QueuedRow) => {
  const { id, tenantId, sessionId, acceptedSeq, createdAt, ordinal, input, options } = given;
  const values = { id, tenantId, sessionId, acceptedSeq, createdAt, ordinal, input, options };
  return tx
    .insertInto('turns')
    .values({ ...values, status: 'queued' })
    .returningAll();
});

/** Stores a queued turn with the session's next ordinal. Throws when there is no such session. */
export async function insertQueued(tx: Writer, turn: NewTurn): Promise<TurnRow> {
  // The counter's row lock orders concurrent inserts on PostgreSQL, where max(ordinal) + 1 would collide.
  const [session] = await nextOrdinal(tx, { sessionId: turn.sessionId });
  if (session === undefined) throw new Error(`no session ${turn.sessionId}`);
  const input = JSON.stringify(turn.input ?? null);
  const options = JSON.stringify(turn.options ?? {});
  const [row] = await insert(tx, { ...turn, ordinal: session.turnCount, input, options });
  if (row === undefined) throw new Error('an insert without a row');
  return toTurn(row);
}

const byId = prepared((db, { id }: { id: string }) => db.selectFrom('turns').selectAll().where('id', '=', id));

/** A turn by its id. */
export async function get(db: Reader, id: string): Promise<TurnRow | undefined> {
  return first(await byId(db, { id }));
}

const queued = prepared((db, { sessionId }: { sessionId: string }) =>
  inState(db, sessionId, 'queued').orderBy('ordinal').limit(1),
);
const inHand = prepared((db, { sessionId }: { sessionId: string }) => inState(db, sessionId, 'running'));
const queuedCount = prepared((db, { sessionId }: { sessionId: string }) =>
  db
    .selectFrom('turns')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('sessionId', '=', sessionId)
    .where('status', '=', 'queued'),
);

/** The session's oldest queued turn. */
export async function nextQueued(db: Reader, sessionId: string): Promise<TurnRow | undefined> {
  return first(await queued(db, { sessionId }));
}

/** The session's running turn. */
export async function running(db: Reader, sessionId: string): Promise<TurnRow | undefined> {
  return first(await inHand(db, { sessionId }));
}

/** The session's turn that was started last, whether it has ended or not. */
export async function lastStarted(db: Reader, sessionId: string): Promise<TurnRow | undefined> {
  const query = db
    .selectFrom('turns')
    .selectAll()
    .where('sessionId', '=', sessionId)
    .where('startedSeq', 'is not', null);
  return first(await query.orderBy('ordinal', 'desc').limit(1).execute());
}

/** How many turns of a session wait. */
export async function countQueued(db: Reader, sessionId: string): Promise<number> {
  const [row] = await queuedCount(db, { sessionId });
  return row?.count ?? 0;
}

/** A session's turns by ordinal, after a given one (default: from the first). */
export async function list(
  db: Reader,
  sessionId: string,
  { after = 0, limit = PAGE_LIMIT }: { after?: number; limit?: number } = {},
): Promise<TurnRow[]> {
  const query = db.selectFrom('turns').selectAll().where('sessionId', '=', sessionId).where('ordinal', '>', after);
  return (await query.orderBy('ordinal').limit(limit).execute()).map(toTurn);
}

/** How many turns wait and how many run, over all sessions. */
export async function countUnfinished(db: Reader): Promise<{ queued: number; running: number }> {
  const rows = await db
    .selectFrom('turns')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .where('status', 'in', ['queued', 'running'])
    .groupBy('status')
    .execute();
  return { queued: 0, running: 0, ...Object.fromEntries(rows.map((row) => [row.status, row.count])) };
}

/** Every queued or running turn of every session, by session and ordinal: what recovery goes through. */
export async function listUnfinished(db: Reader): Promise<TurnRow[]> {
  const query = db.selectFrom('turns').selectAll().where('status', 'in', ['queued', 'running']);
  return (await query.orderBy('sessionId').orderBy('ordinal').execute()).map(toTurn);
}

interface Start {
  id: string;
  startedSeq: number;
  at: string;
}

const start = prepared((tx, { id, startedSeq, at }: Start) =>
  tx
    .updateTable('turns')
    .set({ status: 'running', startedSeq, startedAt: at })
    .where('id', '=', id)
    .where('status', '=', 'queued')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('turns as other')
            .select('other.id')
            .whereRef('other.sessionId', '=', 'turns.sessionId')
            .where('other.status', '=', 'running'),
        ),
      ),
    )
    .returningAll(),
);

/** queued → running; undefined when it is not queued any more or another turn of its session runs. */
export async function setRunning(tx: Writer, given: Start): Promise<TurnRow | undefined> {
  return first(await start(tx, given));
}

export interface TurnEnd {
  readonly id: string;
  /** The change happens only from one of these states. Default: running. */
  readonly from?: readonly TurnStatus[] | undefined;
  readonly status: EndedStatus;
  readonly endedSeq: number;
  readonly at: string;
  readonly errorCode?: string | null | undefined;
  readonly error?: string | null | undefined;
}

/** Ends a turn; undefined when it is not in an expected state, so it ends once. */
export async function setEnded(tx: Writer, end: TurnEnd): Promise<TurnRow | undefined> {
  const { id, from = ['running'], status, endedSeq, at, errorCode = null, error = null } = end;
  const rows = await tx
    .updateTable('turns')
    .set({ status, endedSeq, endedAt: at, errorCode, error })
    .where('id', '=', id)
    .where('status', 'in', from)
    .returningAll()
    .execute();
  return first(rows);
}

export interface CancelQueued {
  readonly sessionId: string;
  readonly at: string;
  /** `endedSeq` of each turn, when the caller knows one entry that ended them all. */
  readonly endedSeq?: number | undefined;
  readonly errorCode?: string | undefined;
  readonly error?: string | undefined;
}

/** Interrupts every queued turn of a session; returns them by ordinal. */
export async function cancelQueued(tx: Writer, cancel: CancelQueued): Promise<TurnRow[]> {
  const { sessionId, at, endedSeq = null, errorCode = null, error = null } = cancel;
  const rows = await tx
    .updateTable('turns')
    .set({ status: 'interrupted', endedSeq, endedAt: at, errorCode, error })
    .where('sessionId', '=', sessionId)
    .where('status', '=', 'queued')
    .returningAll()
    .execute();
  return rows.sort((a, b) => a.ordinal - b.ordinal).map(toTurn);
}

function inState(db: Reader, sessionId: string, status: TurnStatus) {
  return db.selectFrom('turns').selectAll().where('sessionId', '=', sessionId).where('status', '=', status);
}

function first(rows: Selectable<Tables['turns']>[]): TurnRow | undefined {
  return rows[0] && toTurn(rows[0]);
}

function toTurn(row: Selectable<Tables['turns']>): TurnRow {
  return parseJson(row, ['input', 'options']);
}
