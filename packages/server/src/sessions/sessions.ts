/** Sessions: made, listed, paused, resumed, stopped and ended (spec/sessions.md). Every change of status is an entry in the log. */
import type { SessionAction, TurnEnded } from '@ash-ai/shared';
import { errors, isAshError, newId } from '@ash-ai/shared';
import type {
  Contract,
  Enforced,
  IsolationName,
  Parsed,
  ReplyOf,
  SandboxLimits,
  Session,
  SessionConfig,
  SessionStatus,
} from '@ash-ai/shared/contract';
import type { AgentFolders } from '../agents/folders.ts';
import { applyCredential } from '../credentials/apply.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { Seal } from '../credentials/seal.ts';
import { agentEgress, type EgressSettings } from '../egress/agent-egress.ts';
import type { Terms } from '../egress/terms.ts';
import type { SessionsRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import { type Log, toItem } from '../log/log.ts';
import type { Shape } from '../spares/shape.ts';
import type { Spares } from '../spares/spares.ts';
import * as agentStore from '../store/agents.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import type { Writer } from '../store/row.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import type { Executor } from '../turns/executor.ts';
import { configOf, patchedConfig } from './config.ts';
import type { Forking } from './fork.ts';
import { isolationOf } from './isolation.ts';
import { agentLimits, type LimitPolicy, limitsUnder } from './limits.ts';
import { type SessionSettings, secretsOf, splitEnv, visibleMcpServers } from './options.ts';

type CreateRequest = Parsed<Contract['createSession']>['body'];
type ConfigPatch = Parsed<Contract['updateSessionConfig']>['body'];

/** What the API tells of the walls around every session. */
export interface Walls {
  policy: LimitPolicy;
  /** What holds sandboxes of an isolation. */
  enforcedBy(isolation: string): Enforced;
  /** That sessions get, and those that agents may ask for. */
  isolations: readonly [IsolationName, ...IsolationName[]];
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
  readonly #walls: Walls;
  readonly #credentials: Pick<Credentials, 'resolve'>;
  readonly #secrets: Pick<Seal, 'sealText'>;
  readonly #forking: Forking;
  readonly #terms: Pick<Terms, 'filled'>;
  readonly #spares: Pick<Spares, 'claim' | 'unclaim' | 'expect'>;

  constructor(rooms: {
    store: Store;
    log: Log;
    executor: Executor;
    folders: AgentFolders;
    walls: Walls;
    credentials: Pick<Credentials, 'resolve'>;
    /** Seals what callers give in confidence. */
    secrets: Pick<Seal, 'sealText'>;
    forking: Forking;
    terms: Pick<Terms, 'filled'>;
    spares: Pick<Spares, 'claim' | 'unclaim' | 'expect'>;
  }) {
    this.#store = rooms.store;
    this.#log = rooms.log;
    this.#executor = rooms.executor;
    this.#folders = rooms.folders;
    this.#walls = rooms.walls;
    this.#credentials = rooms.credentials;
    this.#secrets = rooms.secrets;
    this.#forking = rooms.forking;
    this.#terms = rooms.terms;
    this.#spares = rooms.spares;
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
    this.#log.publish(
      sessionId,
      written.map((entry) => toItem({ sessionId, createdAt: at, ...entry })),
    );
    if (row === undefined) throw errors.session_not_found({ sessionId });
    return this.#show(row);
  }

  /** What a session that is asked for would be. Everything that it needs is there, as far as can be seen. */
  async #shapeOf(tenantId: string, request: CreateRequest): Promise<{ shape: Shape; limits: SandboxLimits }> {
    const agent = await agentStore.get(this.#store.db, tenantId, request.agent);
    if (agent === undefined) throw errors.agent_not_found({ agent: request.agent });
    const version = await agentStore.getVersion(this.#store.db, agent.versionId);
    if (version === undefined) throw new Error(`agent ${agent.id} has no version ${agent.versionId}`);
    await this.#folders.need(tenantId, agent.name, version.hash);
    const asked = await agentLimits(this.#folders.path(tenantId, version.hash));
    const egress = await this.#egress(tenantId, request, this.#folders.path(tenantId, version.hash));
    await this.#checkCredential(tenantId, request.credentialId);
    splitEnv(request.extraEnv);
    const secrets = secretsOf(request);
    const sealed = secrets === undefined ? null : await this.#secrets.sealText(JSON.stringify(secrets));
    const settings: SessionSettings = {
      agentVersion: version.number,
      isolation: await isolationOf(this.#folders.path(tenantId, version.hash), this.#walls.isolations),
      systemPrompt: request.systemPrompt,
      permissionMode: request.permissionMode,
      credentialId: request.credentialId,
      limits: { ...asked, ...request.limits },
      ...egress,
    };
    const shape = {
      ...{ tenantId, agentId: agent.id, agentName: agent.name, agentVersionId: version.id, sealed },
      ...{ model: request.model ?? null, config: configOf(request), settings },
    };
    return { shape, limits: limitsUnder(this.#walls.policy, settings.limits ?? {}) };
  }

  #show(row: sessionStore.SessionRow): Session {
    return toSession(row, this.#walls);
  }

  /** What a session may reach and spend: its own list counts, else its agent's; of ceilings both. @throws credential_invalid */
  async #egress(tenantId: string, request: CreateRequest, agentDir: string): Promise<EgressSettings> {
    const agents = await agentEgress(agentDir);
    const egress = request.egress ?? agents.egress;
    const modelLimits = { ...agents.modelLimits, ...request.modelLimits };
    await this.#terms.filled(tenantId, egress?.allow ?? []);
    return {
      ...(egress === undefined ? {} : { egress }),
      ...(Object.keys(modelLimits).length === 0 ? {} : { modelLimits }),
    };
  }

  /** Whether a credential can be used, before the session is made. @throws credential_invalid */
  async #checkCredential(tenantId: string, credentialId: string | undefined): Promise<void> {
    if (credentialId === undefined) return;
    try {
      applyCredential(credentialId, await this.#credentials.resolve(tenantId, credentialId));
    } catch (cause) {
      if (!isAshError(cause) || cause.code !== 'credential_not_found') throw cause;
      throw errors.credential_invalid({ credentialId, reason: 'it does not exist, or is not active' }, { cause });
    }
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
