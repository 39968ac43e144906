/** The event log of a session: appended in order under the lease, read from a cursor. */
import { mayBeWebhookEvent, webhookEventOf } from '@ash-ai/shared';
import type { Selectable } from 'kysely';
import { preparedBy, preparedInsert } from './prepared.ts';
import type { Reader, Writer } from './row.ts';
import type { Tables } from './tables.ts';
import type { WebhookEvent } from './webhook-deliveries.ts';
import * as deliveryStore from './webhook-deliveries.ts';

/** An entry to append: its data as a value, or as the JSON text that it already is. */
export type NewLogEntry = {
  readonly type: string;
  readonly turnId?: string | null | undefined;
  readonly createdAt: string;
} & ({ readonly data: unknown } | { readonly dataText: string });

/** A stored entry as text, for a reader that only passes it on. */
export type StoredLogEntry = Omit<Selectable<Tables['logEntries']>, 'data'> & { dataText: string };
/** A stored entry with its data parsed. */
export type StoredLogValue = Omit<StoredLogEntry, 'dataText'> & { data: unknown };

export interface Append {
  readonly sessionId: string;
  /** The writer's lease; refused when the session has another one. Left out by writers that need no lease (intake). */
  readonly epoch?: number | undefined;
  /** May be empty: then only the frame is noted. */
  readonly entries: readonly NewLogEntry[];
  /** The bridge frame these entries come from. */
  readonly frame?: { readonly life: string; readonly n: number } | undefined;
  /** When the session was last active. Default: `createdAt` of the last entry; without entries it stays. */
  readonly at?: string | undefined;
}

/** Where the entries are; without entries `firstSeq` is `lastSeq + 1`. */
export interface Appended {
  readonly firstSeq: number;
  readonly lastSeq: number;
}

interface Taking {
  sessionId: string;
  count: number;
  at?: string | undefined;
  epoch?: number | undefined;
  life?: string;
  n?: number;
}

/** Which of them are given. */
type Shape = `${'at' | ''} ${'epoch' | ''} ${'frame' | ''}`;

function shapeOf({ at, epoch, n }: Taking): Shape {
  return `${at === undefined ? '' : 'at'} ${epoch === undefined ? '' : 'epoch'} ${n === undefined ? '' : 'frame'}`;
}

/** Takes the next places of a session's log, if its lease and the frame before allow it. */
const takePlaces = preparedBy(
  (tx, { sessionId, count, at = '', epoch = 0, life = '', n = 0 }: Taking, shape: Shape) => {
    const [withAt, withEpoch, withFrame] = shape.split(' ');
    let update = tx
      .updateTable('sessions')
      .set((eb) => ({ lastSeq: eb('lastSeq', '+', count) }))
      .where('id', '=', sessionId)
      .returning(['lastSeq', 'tenantId']);
    if (withAt) update = update.set({ lastActiveAt: at });
    if (withEpoch) update = update.where('leaseEpoch', '=', epoch);
    if (withFrame) {
      update = update
        .set({ frameLife: life, frameN: n })
        .where((eb) => eb.or([eb('frameLife', 'is distinct from', life), eb('frameN', '<', n)]));
    }
    return update;
  },
);

const insert = preparedInsert('logEntries', ['sessionId', 'seq', 'type', 'turnId', 'data', 'createdAt']);

/**
 * Appends entries with the next dense `seq`s, in the transaction of the caller.
 *
 * `'stale_epoch'`: the session belongs to another owner by now (or does not exist). `'duplicate_frame'`: this frame, or a
 * later one of the same bridge life, is stored already. In both cases nothing is written.
 */
export async function append(
  tx: Writer,
  { sessionId, epoch, entries, frame, at = entries.at(-1)?.createdAt }: Append,
): Promise<Appended | 'stale_epoch' | 'duplicate_frame'> {
  const given = { sessionId, count: entries.length, at, epoch, ...frame };
  const [session] = await takePlaces(tx, given, shapeOf(given));
  if (session === undefined) return await whyRefused(tx, sessionId, epoch);

  const { lastSeq, tenantId } = session;
  const firstSeq = lastSeq - entries.length + 1;
  const rows = entries.map((entry, index) => ({
    sessionId,
    seq: firstSeq + index,
    type: entry.type,
    turnId: entry.turnId ?? null,
    data: 'dataText' in entry ? entry.dataText : JSON.stringify(entry.data ?? null),
    createdAt: entry.createdAt,
  }));
  await insert(tx, rows);
  await deliveryStore.record(tx, tenantId, rows.flatMap(eventOf));
  return { firstSeq, lastSeq };
}

/** What webhooks are told of an entry: in the same transaction, so that none is missed. */
function eventOf({ sessionId, seq, type, data, createdAt }: Selectable<Tables['logEntries']>): WebhookEvent[] {
  const event = mayBeWebhookEvent(type) ? webhookEventOf(type, JSON.parse(data)) : undefined;
  return event === undefined
    ? []
    : [{ type: event, eventId: `msg_${sessionId}_${seq}`, at: createdAt, sessionId, seq }];
}

async function whyRefused(tx: Writer, sessionId: string, epoch: number | undefined) {
  const session = await tx.selectFrom('sessions').select('leaseEpoch').where('id', '=', sessionId).executeTakeFirst();
  const owned = session !== undefined && (epoch === undefined || session.leaseEpoch === epoch);
  return owned ? 'duplicate_frame' : 'stale_epoch';
}

export interface ReadLog {
  readonly sessionId: string;
  /** Entries with a `seq` greater than this. Default 0: from the first one. */
  readonly after?: number | undefined;
  /** Entries with a `seq` up to this. Default: no bound. */
  readonly upTo?: number | undefined;
  /** At most so many entries. Default 1000. */
  readonly limit?: number | undefined;
  /** Only entries of these types. */
  readonly types?: readonly string[] | undefined;
  /** Only entries of this turn. */
  readonly turnId?: string | undefined;
}

/** Reads entries in ascending order, their data as JSON text. */
export async function readText(db: Reader, args: ReadLog): Promise<StoredLogEntry[]> {
  const { sessionId, after = 0, upTo, limit = 1_000, types, turnId } = args;
  if (types?.length === 0) return [];
  let query = db
    .selectFrom('logEntries')
    .select(['sessionId', 'seq', 'type', 'turnId', 'data as dataText', 'createdAt'])
    .where('sessionId', '=', sessionId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit);
  if (upTo !== undefined) query = query.where('seq', '<=', upTo);
  if (types !== undefined) query = query.where('type', 'in', types);
  if (turnId !== undefined) query = query.where('turnId', '=', turnId);
  return await query.execute();
}

/** Reads entries before a place, newest first, their data as JSON text. */
export async function readBackText(
  db: Reader,
  { sessionId, before, types, limit }: { sessionId: string; before: number; types: readonly string[]; limit: number },
): Promise<StoredLogEntry[]> {
  return await db
    .selectFrom('logEntries')
    .select(['sessionId', 'seq', 'type', 'turnId', 'data as dataText', 'createdAt'])
    .where('sessionId', '=', sessionId)
    .where('seq', '<', before)
    .where('type', 'in', types)
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute();
}

/** Copies the first entries of a log into that of a new session, with their places and times. */
export async function copy(tx: Writer, { from, to, upTo }: { from: string; to: string; upTo: number }): Promise<void> {
  await tx
    .insertInto('logEntries')
    .columns(['sessionId', 'seq', 'type', 'turnId', 'data', 'createdAt'])
    .expression((eb) =>
      eb
        .selectFrom('logEntries')
        .select((inner) => [inner.val(to).as('sessionId'), 'seq', 'type', 'turnId', 'data', 'createdAt'])
        .where('sessionId', '=', from)
        .where('seq', '<=', upTo),
    )
    .execute();
  await tx.updateTable('sessions').set({ lastSeq: upTo }).where('id', '=', to).execute();
}

/** Turns that were accepted but have not ended, by the entries of a log, in the order of their acceptance. */
export async function openTurns(db: Reader, { sessionId }: { sessionId: string }): Promise<string[]> {
  const rows = await db
    .selectFrom('logEntries')
    .select(['turnId', 'type'])
    .where('sessionId', '=', sessionId)
    .where('type', 'in', ['turn_accepted', 'turn_ended'])
    .orderBy('seq')
    .execute();
  const open = new Set<string>();
  for (const { turnId, type } of rows) {
    if (turnId === null) continue;
    if (type === 'turn_accepted') open.add(turnId);
    else open.delete(turnId);
  }
  return [...open];
}

/** Reads entries in ascending order, their data as values. */
export async function read(db: Reader, args: ReadLog): Promise<StoredLogValue[]> {
  const entries = await readText(db, args);
  return entries.map(({ dataText, ...entry }) => ({ ...entry, data: JSON.parse(dataText) }));
}

/** The `seq` of a session's newest entry: 0 when it has none, undefined when there is no such session. */
export async function lastSeq(db: Reader, sessionId: string): Promise<number | undefined> {
  const row = await db.selectFrom('sessions').select('lastSeq').where('id', '=', sessionId).executeTakeFirst();
  return row?.lastSeq;
}
