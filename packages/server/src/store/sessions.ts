/** Sessions: rows of conversations, their status, their lease. */
import type { Insertable, Selectable } from 'kysely';
import { prepared } from './prepared.ts';
import { PAGE_LIMIT, type Page, parseJson, type Reader, toJson, type WithJson, type Writer } from './row.ts';
import type { SessionStatus, Tables } from './tables.ts';

type Row = Selectable<Tables['sessions']>;

/** A session: `config` and `settings` parsed (null when none), `runtimeStarted` a boolean. */
export type SessionRow = Omit<WithJson<Row, 'config' | 'settings'>, 'runtimeStarted'> & { runtimeStarted: boolean };

/** What a new session needs; everything else starts empty. */
export type NewSession = Pick<
  Row,
  'id' | 'tenantId' | 'agentId' | 'agentName' | 'agentVersionId' | 'status' | 'createdAt'
> &
  Partial<Pick<Row, 'sandboxId' | 'runnerId' | 'parentSessionId' | 'model' | 'sealed' | 'costTotal' | 'costTokens'>> & {
    readonly config?: unknown;
    readonly settings?: unknown;
  };

/** What may change in a session besides its status. `null` empties a field, a field left out stays. */
export type SessionPatch = Partial<
  Pick<Row, 'agentVersionId' | 'sandboxId' | 'runnerId' | 'model' | 'sealed' | 'endedAt'> & {
    config: unknown;
    settings: unknown;
    runtimeStarted: boolean;
  }
>;

/** Stores a new session. `sandboxId` defaults to its id. */
export async function insert(tx: Writer, session: NewSession): Promise<SessionRow> {
  const { config, settings, ...columns } = session;
  const values: Insertable<Tables['sessions']> = {
    sandboxId: session.id,
    ...columns,
    config: toJson(config),
    settings: toJson(settings),
    lastActiveAt: session.createdAt,
  };
  return toSession(await tx.insertInto('sessions').values(values).returningAll().executeTakeFirstOrThrow());
}

const ofTenant = prepared((db, { tenantId, id }: { tenantId: string; id: string }) =>
  db.selectFrom('sessions').selectAll().where('tenantId', '=', tenantId).where('id', '=', id),
);

/** A session of a tenant; another tenant's is a missing one. */
export async function get(db: Reader, tenantId: string, id: string): Promise<SessionRow | undefined> {
  const [row] = await ofTenant(db, { tenantId, id });
  return row && toSession(row);
}

const ofAny = prepared((db, { id }: { id: string }) => db.selectFrom('sessions').selectAll().where('id', '=', id));

/** A session of whatever tenant, for work that has no caller (executor, recovery). */
export async function getById(db: Reader, id: string): Promise<SessionRow | undefined> {
  const [row] = await ofAny(db, { id });
  return row && toSession(row);
}

export interface SessionFilter {
  readonly agent?: string | undefined;
  readonly status?: SessionStatus | undefined;
}

/** A page of a tenant's sessions, newest first. */
export async function list(db: Reader, tenantId: string, filter: SessionFilter & Page = {}): Promise<SessionRow[]> {
  const rows = await matching(db, tenantId, filter)
    .selectAll()
    .orderBy('createdAt', 'desc')
    .orderBy('id', 'desc')
    .limit(filter.limit ?? PAGE_LIMIT)
    .offset(filter.offset ?? 0)
    .execute();
  return rows.map(toSession);
}

/** How many sessions `list` would give without a page. */
export async function count(db: Reader, tenantId: string, filter: SessionFilter = {}): Promise<number> {
  const row = await matching(db, tenantId, filter)
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow();
  return row.count;
}

/** All sessions in one of these states, oldest first, of every tenant: what a starting server looks after. */
export async function listByStatus(db: Reader, statuses: readonly SessionStatus[]): Promise<SessionRow[]> {
  const rows = await db.selectFrom('sessions').selectAll().where('status', 'in', statuses).orderBy('id').execute();
  return rows.map(toSession);
}

/** Which of these sessions there are, whatever their state. */
export async function existing(db: Reader, ids: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  // A statement can't have any number of parameters.
  for (let from = 0; from < ids.length; from += 500) {
    const some = ids.slice(from, from + 500);
    const rows = await db.selectFrom('sessions').select('id').where('id', 'in', some).execute();
    for (const { id } of rows) found.add(id);
  }
  return found;
}

/** Which of these sessions have ended, and when. */
export async function endedAmong(db: Reader, ids: readonly string[]): Promise<{ id: string; endedAt: string }[]> {
  const found: { id: string; endedAt: string }[] = [];
  for (let from = 0; from < ids.length; from += 500) {
    const some = ids.slice(from, from + 500);
    const query = db.selectFrom('sessions').select(['id', 'endedAt']).where('status', '=', 'ended');
    for (const { id, endedAt } of await query.where('id', 'in', some).execute()) {
      if (endedAt !== null) found.push({ id, endedAt });
    }
  }
  return found;
}

/** How many sessions are in each state, over all tenants; states without a session are left out. */
export async function countByStatus(db: Reader): Promise<Partial<Record<SessionStatus, number>>> {
  const rows = await db
    .selectFrom('sessions')
    .select((eb) => ['status', eb.fn.countAll<number>().as('count')])
    .groupBy('status')
    .execute();
  return Object.fromEntries(rows.map((row) => [row.status, row.count]));
}

export interface StatusChange {
  readonly id: string;
  /** The change happens only when the session is in one of these states. */
  readonly from: readonly SessionStatus[];
  readonly to: SessionStatus;
  /** When: the new `lastActiveAt`. */
  readonly at: string;
  /** Changed along with the status. */
  readonly patch?: SessionPatch | undefined;
}

/** Changes the status; undefined when the session is not (or no longer) in an expected state. */
export async function setStatus(
  tx: Writer,
  { id, from, to, at, patch = {} }: StatusChange,
): Promise<SessionRow | undefined> {
  const row = await tx
    .updateTable('sessions')
    .set({ ...toColumns(patch), status: to, lastActiveAt: at })
    .where('id', '=', id)
    .where('status', 'in', from)
    .returningAll()
    .executeTakeFirst();
  return row && toSession(row);
}

/** Changes fields; undefined when there is no such session. */
export async function update(
  tx: Writer,
  { id, at, patch }: { id: string; at: string; patch: SessionPatch },
): Promise<SessionRow | undefined> {
  const row = await tx
    .updateTable('sessions')
    .set({ ...toColumns(patch), lastActiveAt: at })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  return row && toSession(row);
}

/** Notes how far the runtime's running totals have come. */
export async function setCostMark(
  tx: Writer,
  id: string,
  { costTotal, costTokens }: { costTotal: number; costTokens: number },
): Promise<void> {
  await tx.updateTable('sessions').set({ costTotal, costTokens }).where('id', '=', id).execute();
}

/** Makes `holder` the owner and returns the new epoch: from now on appends with an older one are refused. */
export async function acquireLease(tx: Writer, id: string, holder: string): Promise<number | undefined> {
  const row = await tx
    .updateTable('sessions')
    .set((eb) => ({ leaseEpoch: eb('leaseEpoch', '+', 1), leaseHolder: holder }))
    .where('id', '=', id)
    .returning('leaseEpoch')
    .executeTakeFirst();
  return row?.leaseEpoch;
}

function matching(db: Reader, tenantId: string, { agent, status }: SessionFilter) {
  let query = db.selectFrom('sessions').where('tenantId', '=', tenantId);
  if (agent !== undefined) query = query.where('agentName', '=', agent);
  if (status !== undefined) query = query.where('status', '=', status);
  return query;
}

function toColumns({ config, settings, runtimeStarted, ...columns }: SessionPatch) {
  return {
    ...columns,
    ...(config === undefined ? {} : { config: toJson(config) }),
    ...(settings === undefined ? {} : { settings: toJson(settings) }),
    ...(runtimeStarted === undefined ? {} : { runtimeStarted: runtimeStarted ? 1 : 0 }),
  };
}

function toSession(row: Row): SessionRow {
  return { ...parseJson(row, ['config', 'settings']), runtimeStarted: row.runtimeStarted === 1 };
}
