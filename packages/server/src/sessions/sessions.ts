/** Sessions: made, listed, paused, resumed, stopped and ended (spec/sessions.md). Every change of status is an entry in the log. */
import type { SessionAction, TurnEnded } from '@ash-ai/shared';
import { errors, newId } from '@ash-ai/shared';
import type { Contract, Parsed, Session, SessionConfig, SessionStatus } from '@ash-ai/shared/contract';
import type { AgentFolders } from '../agents/folders.ts';
import type { SessionsRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import { type Log, toItem } from '../log/log.ts';
import * as agentStore from '../store/agents.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import type { Writer } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import type { Executor } from '../turns/executor.ts';

type CreateRequest = Parsed<Contract['createSession']>['body'];

/** What a session keeps besides what the API shows of it. */
export interface SessionSettings {
  agentVersion: number;
  isolation: string;
  systemPrompt?: string | undefined;
  permissionMode?: string | undefined;
}

interface Written {
  seq: number;
  type: 'session' | 'turn_ended';
  turnId: string | null;
  dataText: string;
}

export class Sessions implements SessionsRoom {
  readonly #store: Store;
  readonly #log: Log;
  readonly #executor: Executor;
  readonly #folders: AgentFolders;
  readonly #isolation: string;

  constructor(rooms: { store: Store; log: Log; executor: Executor; folders: AgentFolders; isolation: string }) {
    this.#store = rooms.store;
    this.#log = rooms.log;
    this.#executor = rooms.executor;
    this.#folders = rooms.folders;
    this.#isolation = rooms.isolation;
  }

  async create(tenantId: string, request: CreateRequest, idempotencyKey?: string): Promise<Session> {
    const agent = await agentStore.get(this.#store.db, tenantId, request.agent);
    if (agent === undefined) throw errors.agent_not_found({ agent: request.agent });
    const version = await agentStore.getVersion(this.#store.db, agent.versionId);
    if (version === undefined) throw new Error(`agent ${agent.id} has no version ${agent.versionId}`);
    await this.#folders.need(tenantId, agent.name, version.hash);
    const id = newId();
    const createdAt = new Date().toISOString();
    const settings: SessionSettings = {
      agentVersion: version.number,
      isolation: this.#isolation,
      systemPrompt: request.systemPrompt,
      permissionMode: request.permissionMode,
    };
    const made = await this.#store.write(async (tx) => {
      const earlier = await claimOnce(tx, { tenantId, key: idempotencyKey, request, resourceId: id, at: createdAt });
      if (earlier !== undefined) return earlier;
      await sessionStore.insert(tx, {
        id,
        tenantId,
        agentId: agent.id,
        agentName: agent.name,
        agentVersionId: version.id,
        status: 'active',
        model: request.model ?? null,
        config: configOf(request),
        settings,
        createdAt,
      });
      const data = { action: 'created', agentName: agent.name, agentVersion: version.number, model: request.model };
      await append(tx, id, 'session', null, data, createdAt);
      return undefined;
    });
    if (made === undefined) this.#executor.warm(id);
    return await this.get(tenantId, made ?? id);
  }

  async list(
    tenantId: string,
    query: Parsed<Contract['listSessions']>['query'],
  ): Promise<{ sessions: Session[]; total?: number }> {
    const { agent, status, limit = Number.MAX_SAFE_INTEGER, offset, includeTotal } = query;
    const filter = { agent, status };
    const rows = await sessionStore.list(this.#store.db, tenantId, { ...filter, limit, offset });
    const sessions = rows.map(toSession);
    if (!includeTotal) return { sessions };
    return { sessions, total: await sessionStore.count(this.#store.db, tenantId, filter) };
  }

  async get(tenantId: string, sessionId: string): Promise<Session> {
    return toSession(await this.#row(tenantId, sessionId));
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
    if (row.status === 'active') return toSession(row);
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
    if (row.status === 'ended') return toSession(row);
    const from: SessionStatus[] = ['starting', 'active', 'paused', 'stopped', 'error'];
    return await this.#cut(tenantId, sessionId, { from, to: 'ended', action: 'ended' });
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
    const at = new Date().toISOString();
    const { row, written } = await this.#store.write(async (tx) => {
      const before = await sessionStore.get(tx, tenantId, sessionId);
      if (before === undefined) throw errors.session_not_found({ sessionId });
      const { from, to, action, more, cancel } = change;
      const patch = to === 'ended' ? { endedAt: at } : {};
      const changed = await sessionStore.setStatus(tx, { id: sessionId, from, to, at, patch });
      if (changed === undefined) throw errors.session_not_active({ status: before.status });
      const written: Written[] = [await append(tx, sessionId, 'session', null, { action, ...more }, at)];
      if (cancel !== undefined) {
        for (const turn of await turnStore.cancelQueued(tx, { sessionId, at, errorCode: cancel.failure?.code })) {
          written.push(await append(tx, sessionId, 'turn_ended', turn.id, cancel, at));
        }
      }
      return { row: await sessionStore.getById(tx, sessionId), written };
    });
    this.#log.publish(
      sessionId,
      written.map((entry) => toItem({ sessionId, createdAt: at, ...entry })),
    );
    if (row === undefined) throw errors.session_not_found({ sessionId });
    return toSession(row);
  }

  async #row(tenantId: string, sessionId: string): Promise<sessionStore.SessionRow> {
    const row = await sessionStore.get(this.#store.db, tenantId, sessionId);
    if (row === undefined) throw errors.session_not_found({ sessionId });
    return row;
  }
}

interface Change {
  from: SessionStatus[];
  to: SessionStatus;
  action: SessionAction;
  more?: Record<string, unknown>;
  /** How queued turns end, if they are to end. */
  cancel?: TurnEnded;
}

async function append(
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

/** The settings that the API shows as `config`; null when none is set. */
function configOf(request: CreateRequest): SessionConfig | null {
  const { allowedTools, disallowedTools, betas, subagents, initialAgent } = request;
  const given = Object.entries({ allowedTools, disallowedTools, betas, subagents, initialAgent });
  const set = given.filter(([, value]) => value !== undefined);
  return set.length === 0 ? null : Object.fromEntries(set);
}

/** A session's row as the API shows it. */
export function toSession(row: sessionStore.SessionRow): Session {
  const settings = row.settings as SessionSettings;
  return {
    id: row.id,
    tenantId: row.tenantId,
    agentName: row.agentName,
    agentVersion: settings.agentVersion,
    sandboxId: row.sandboxId,
    status: row.status,
    isolation: settings.isolation,
    runnerId: row.runnerId,
    parentSessionId: row.parentSessionId,
    model: row.model,
    config: row.config as SessionConfig | null,
    lastSeq: row.lastSeq,
    createdAt: row.createdAt,
    lastActiveAt: row.lastActiveAt,
  };
}
