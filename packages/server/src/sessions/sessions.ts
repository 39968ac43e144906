/** Sessions: made, listed, paused, resumed, stopped and ended (spec/sessions.md). Every change of status is an entry in the log. */
import type { TurnEnded } from '@ash-ai/shared';
import { errors, newId } from '@ash-ai/shared';
import type { Contract, Parsed, ReplyOf, Session, SessionConfig, SessionStatus } from '@ash-ai/shared/contract';
import type { SessionsRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import { type Log, toItem } from '../log/log.ts';
import type { Shape } from '../spares/shape.ts';
import type { Spares } from '../spares/spares.ts';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import type { Executor } from '../turns/executor.ts';
import { patchedConfig } from './config.ts';
import type { Forking } from './fork.ts';
import { limitsUnder } from './limits.ts';
import { type SessionSettings, visibleMcpServers } from './options.ts';
import type { CreateRequest, ShapeOf, Walls } from './shape-of.ts';
import { append, type Change, changeStatus } from './status.ts';

type ConfigPatch = Parsed<Contract['updateSessionConfig']>['body'];

interface SessionsRooms {
  store: Store;
  log: Log;
  executor: Executor;
  walls: Walls;
  shapeOf: ShapeOf;
  forking: Forking;
  spares: Pick<Spares, 'claim' | 'unclaim' | 'expect'>;
}

export class Sessions implements SessionsRoom {
  readonly #store: Store;
  readonly #log: Log;
  readonly #executor: Executor;
  readonly #walls: Walls;
  readonly #shapeOf: ShapeOf;
  readonly #forking: Forking;
  readonly #spares: SessionsRooms['spares'];

  constructor({ store, log, executor, walls, shapeOf, forking, spares }: SessionsRooms) {
    this.#store = store;
    this.#log = log;
    this.#executor = executor;
    this.#walls = walls;
    this.#shapeOf = shapeOf;
    this.#forking = forking;
    this.#spares = spares;
  }

  async create(tenantId: string, request: CreateRequest, idempotencyKey?: string): Promise<Session> {
    const { shape, limits } = await this.#shapeOf(tenantId, request);
    const createdAt = new Date().toISOString();
    const spare = this.#spares.claim(shape, limits);
    const id = spare ?? newId();
    const write = this.#store.write(async (tx) => {
      const earlier = await claimOnce(tx, { tenantId, key: idempotencyKey, request, resourceId: id, at: createdAt });
      if (earlier !== undefined) return earlier;
      await sessionStore.insert(tx, { ...shape, id, status: 'active', createdAt });
      const data = {
        ...{ action: 'created', agentName: shape.agentName, agentVersion: shape.settings.agentVersion },
        model: request.model,
        mcpServers: visibleMcpServers(request.mcpServers),
      };
      await append(tx, id, 'session', null, data, createdAt);
      return undefined;
    });
    const made = await write.catch((cause: unknown) => {
      this.#spares.unclaim(id);
      throw cause;
    });
    if (made !== undefined) this.#spares.unclaim(id);
    else this.#executor.warm(id);
    return await this.get(tenantId, made ?? id);
  }

  /** An agent was deployed, or removed: sessions of its newest version are likely to come, and none of any other. */
  expect(tenantId: string, agent: string): void {
    const gone = (shape: Shape): boolean => shape.tenantId === tenantId && shape.agentName === agent;
    this.#spares.expect(async () => (await this.#shapeOf(tenantId, { agent })).shape, gone);
  }

  async list(
    tenantId: string,
    query: Parsed<Contract['listSessions']>['query'],
  ): Promise<{ sessions: Session[]; total?: number }> {
    const { agent, status, limit = Number.MAX_SAFE_INTEGER, offset, includeTotal } = query;
    const filter = { agent, status };
    const rows = await sessionStore.list(this.#store.db, tenantId, { ...filter, limit, offset });
    const sessions = rows.map((row) => this.#show(row));
    if (!includeTotal) return { sessions };
    return { sessions, total: await sessionStore.count(this.#store.db, tenantId, filter) };
  }

  async get(tenantId: string, sessionId: string): Promise<Session> {
    return this.#show(await this.#row(tenantId, sessionId));
  }

  async pause(tenantId: string, sessionId: string): Promise<Session> {
    const paused = await this.#change(tenantId, sessionId, { from: ['active'], to: 'paused', action: 'paused' });
    // Accepted messages are still run; a session that is idle goes to sleep now, a busy one when it is swept.
    await this.#executor.rest(sessionId);
    return paused;
  }

  async resume(tenantId: string, sessionId: string): Promise<Session> {
    const row = await this.#row(tenantId, sessionId);
    if (row.status === 'ended') throw errors.session_ended({ sessionId });
    if (row.status === 'active') return this.#show(row);
    const path = this.#executor.resume(sessionId) ? { path: 'warm' } : { path: 'cold', source: 'local' };
    const from: SessionStatus[] = ['paused', 'stopped', 'error', 'starting'];
    const resumed = await this.#change(tenantId, sessionId, { from, to: 'active', action: 'resumed', more: path });
    this.#executor.warm(sessionId);
    return resumed;
  }

  async stop(tenantId: string, sessionId: string): Promise<Session> {
    return await this.#cut(tenantId, sessionId, { from: ['active', 'starting'], to: 'stopped', action: 'stopped' });
  }

  async end(tenantId: string, sessionId: string): Promise<Session> {
    const row = await this.#row(tenantId, sessionId);
    if (row.status === 'ended') return this.#show(row);
    const from: SessionStatus[] = ['starting', 'active', 'paused', 'stopped', 'error'];
    return await this.#cut(tenantId, sessionId, { from, to: 'ended', action: 'ended' });
  }

  async configure(tenantId: string, sessionId: string, patch: ConfigPatch): Promise<Session> {
    const at = new Date().toISOString();
    const { model, ...rest } = patch;
    const { row, entry } = await this.#store.write(async (tx) => {
      const before = await sessionStore.get(tx, tenantId, sessionId);
      if (before === undefined) throw errors.session_not_found({ sessionId });
      const config = patchedConfig(before.config as SessionConfig | null, rest);
      const changed = { config, ...(model === undefined ? {} : { model }) };
      const row = await sessionStore.update(tx, { id: sessionId, at, patch: changed });
      const entry = await append(tx, sessionId, 'session', null, { action: 'configured', ...patch }, at);
      return { row: row && { ...row, lastSeq: entry.seq }, entry };
    });
    this.#log.publish(sessionId, [toItem({ sessionId, createdAt: at, ...entry })]);
    if (row === undefined) throw errors.session_not_found({ sessionId });
    return this.#show(row);
  }

  async fork(
    tenantId: string,
    sessionId: string,
    request: { at?: number | undefined },
    idempotencyKey?: string,
  ): Promise<ReplyOf<Contract['forkSession']>> {
    const parent = await this.#row(tenantId, sessionId);
    const { row, ...taken } = await this.#forking.fork(parent, request, idempotencyKey);
    return { session: this.#show(row), ...taken };
  }

  /** Ends all sessions of an agent. */
  async endAll(tenantId: string, agent: string): Promise<void> {
    const { sessions } = await this.list(tenantId, { agent, offset: 0, includeTotal: false });
    for (const session of sessions) if (session.status !== 'ended') await this.end(tenantId, session.id);
  }

  async interrupt(tenantId: string, sessionId: string): Promise<{ interrupted: boolean; turnId: string | null }> {
    await this.#row(tenantId, sessionId);
    const turnId = await this.#executor.interrupt(sessionId);
    return { interrupted: turnId !== null, turnId };
  }

  /** A change of status that ends the sandbox and every turn that runs or waits. */
  async #cut(tenantId: string, sessionId: string, change: Change): Promise<Session> {
    const { code, message } = errors.turn_interrupted();
    const end: TurnEnded = {
      outcome: 'interrupted',
      failure: { code, error: `${message}: the session was ${change.to}` },
    };
    const cut = await this.#change(tenantId, sessionId, { ...change, cancel: end });
    await this.#executor.stop(sessionId, end);
    return cut;
  }

  async #change(tenantId: string, sessionId: string, change: Change): Promise<Session> {
    const rooms = { store: this.#store, log: this.#log };
    return this.#show(await changeStatus(rooms, { tenantId, sessionId }, change));
  }

  #show(row: sessionStore.SessionRow): Session {
    return toSession(row, this.#walls);
  }

  async #row(tenantId: string, sessionId: string): Promise<sessionStore.SessionRow> {
    const row = await sessionStore.get(this.#store.db, tenantId, sessionId);
    if (row === undefined) throw errors.session_not_found({ sessionId });
    return row;
  }
}

/** A session's row as the API shows it. */
export function toSession(row: sessionStore.SessionRow, walls: Walls): Session {
  const settings = row.settings as SessionSettings;
  return {
    id: row.id,
    tenantId: row.tenantId,
    agentName: row.agentName,
    agentVersion: settings.agentVersion,
    sandboxId: row.sandboxId,
    status: row.status,
    isolation: settings.isolation,
    limits: limitsUnder(walls.policy, settings.limits ?? {}),
    enforced: walls.enforcedBy(settings.isolation),
    runnerId: row.runnerId,
    parentSessionId: row.parentSessionId,
    model: row.model,
    config: row.config as SessionConfig | null,
    lastSeq: row.lastSeq,
    createdAt: row.createdAt,
    lastActiveAt: row.lastActiveAt,
  };
}
