/** What the HTTP room needs of the rooms behind it. Every call is already scoped to a tenant; a foreign thing is a missing one. */
import type { Bytes, FilesFrom } from '@ash-ai/sandbox';
import type { ApprovalAnswer, Cursor, TurnContent } from '@ash-ai/shared';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type {
  Agent,
  AgentVersion,
  ApiKey,
  Approval,
  Attachment,
  Contract,
  Credential,
  EgressRecord,
  Health,
  Message,
  Parsed,
  QueueItem,
  QueueStats,
  ReplyOf,
  SandboxLog,
  Session,
  SessionEvent,
  UsageEvent,
  UsageStats,
  Webhook,
  WebhookDelivery,
} from '@ash-ai/shared/contract';
import type { Batch } from '../log/feed-item.ts';

export interface ApiKeysRoom {
  /** The tenant of a key given in the Authorization header, and the key's id; undefined when there is no such key. */
  ownerOf(key: string): Promise<{ tenantId: string; keyId: string } | undefined>;
  list(tenantId: string): Promise<ApiKey[]>;
  create(tenantId: string, label: string, idempotencyKey?: string): Promise<{ id: string; key: string }>;
  delete(tenantId: string, id: string): Promise<void>;
}

/** Who may call the internal routes. */
export interface InternalGate {
  /** Whether nobody may, because the server has no secret. */
  closed: boolean;
  /** Whether this is the secret. Takes the same time for every wrong one. */
  admits(given: string): boolean;
}

export interface CredentialsRoom {
  store(
    tenantId: string,
    given: Parsed<Contract['storeCredential']>['body'],
    idempotencyKey?: string,
  ): Promise<Credential>;
  list(tenantId: string): Promise<Credential[]>;
  delete(tenantId: string, id: string): Promise<void>;
}

export interface QueueRoom {
  enqueue(tenantId: string, request: Parsed<Contract['enqueue']>['body'], idempotencyKey?: string): Promise<QueueItem>;
  list(tenantId: string, query: Parsed<Contract['listQueueItems']>['query']): Promise<QueueItem[]>;
  stats(tenantId: string): Promise<QueueStats>;
  get(tenantId: string, id: string): Promise<QueueItem>;
  cancel(tenantId: string, id: string): Promise<QueueItem>;
}

export interface UsageRoom {
  list(tenantId: string, query: Parsed<Contract['listUsageEvents']>['query']): Promise<UsageEvent[]>;
  stats(tenantId: string, query: Parsed<Contract['getUsageStats']>['query']): Promise<UsageStats>;
}

export interface WebhooksRoom {
  create(
    tenantId: string,
    request: Parsed<Contract['createWebhook']>['body'],
    idempotencyKey?: string,
  ): Promise<{ webhook: Webhook; secret: string }>;
  list(tenantId: string): Promise<Webhook[]>;
  get(tenantId: string, id: string): Promise<Webhook>;
  update(tenantId: string, id: string, patch: Parsed<Contract['updateWebhook']>['body']): Promise<Webhook>;
  delete(tenantId: string, id: string): Promise<void>;
  rotate(
    tenantId: string,
    id: string,
    overlapSeconds: number,
    idempotencyKey?: string,
  ): Promise<{ webhook: Webhook; secret: string }>;
  test(tenantId: string, id: string, idempotencyKey?: string): Promise<WebhookDelivery>;
  deliveries(
    tenantId: string,
    id: string,
    query: Parsed<Contract['listWebhookDeliveries']>['query'],
  ): Promise<WebhookDelivery[]>;
  delivery(tenantId: string, id: string, deliveryId: string): Promise<ReplyOf<Contract['getWebhookDelivery']>>;
  redeliver(tenantId: string, id: string, deliveryId: string): Promise<WebhookDelivery>;
  /** Returns how many deliveries are made due anew. */
  replay(tenantId: string, id: string, span: Parsed<Contract['replayWebhook']>['body']): Promise<number>;
}

export interface EgressRoom {
  /** Records after `after`, oldest first. */
  list(tenantId: string, sessionId: string, page: { after: number; limit: number }): Promise<EgressRecord[]>;
}

export interface AgentsRoom {
  deploy(
    tenantId: string,
    deployment: Parsed<Contract['deployAgent']>['body'],
    idempotencyKey?: string,
  ): Promise<Agent>;
  list(tenantId: string): Promise<Agent[]>;
  get(tenantId: string, name: string): Promise<Agent>;
  delete(tenantId: string, name: string): Promise<void>;
  listVersions(
    tenantId: string,
    name: string,
    page: Parsed<Contract['listAgentVersions']>['query'],
  ): Promise<AgentVersion[]>;
  /** `version` is a number or an id. */
  getVersion(tenantId: string, name: string, version: string): Promise<AgentVersion>;
  /** Returns the number of the version that is active now. */
  activateVersion(tenantId: string, name: string, version: string): Promise<number>;
}

export interface SessionsRoom {
  create(
    tenantId: string,
    request: Parsed<Contract['createSession']>['body'],
    idempotencyKey?: string,
  ): Promise<Session>;
  list(
    tenantId: string,
    query: Parsed<Contract['listSessions']>['query'],
  ): Promise<{ sessions: Session[]; total?: number }>;
  get(tenantId: string, sessionId: string): Promise<Session>;
  end(tenantId: string, sessionId: string): Promise<Session>;
  pause(tenantId: string, sessionId: string): Promise<Session>;
  resume(tenantId: string, sessionId: string): Promise<Session>;
  stop(tenantId: string, sessionId: string): Promise<Session>;
  interrupt(tenantId: string, sessionId: string): Promise<{ interrupted: boolean; turnId: string | null }>;
  configure(
    tenantId: string,
    sessionId: string,
    patch: Parsed<Contract['updateSessionConfig']>['body'],
  ): Promise<Session>;
  fork(
    tenantId: string,
    sessionId: string,
    request: Parsed<Contract['forkSession']>['body'],
    idempotencyKey?: string,
  ): Promise<ReplyOf<Contract['forkSession']>>;
}

export interface AgentFilesRoom {
  list(tenantId: string, agent: string, options: { hashes: boolean }): Promise<ReplyOf<Contract['listAgentFiles']>>;
  read(tenantId: string, agent: string, path: string, maxBytes: number): Promise<Bytes>;
}

export interface SessionFilesRoom {
  list(
    tenantId: string,
    sessionId: string,
    options: { includeHidden: boolean },
  ): Promise<ReplyOf<Contract['listSessionFiles']>>;
  read(tenantId: string, sessionId: string, path: string, maxBytes: number): Promise<Bytes & { from: FilesFrom }>;
  write(
    tenantId: string,
    sessionId: string,
    batch: Parsed<Contract['writeSessionFiles']>['body'],
  ): Promise<ReplyOf<Contract['writeSessionFiles']>['files']>;
  delete(tenantId: string, sessionId: string, path: string): Promise<void>;
  download(tenantId: string, sessionId: string): Promise<Bytes>;
  /** `bundle` is base64. */
  upload(tenantId: string, sessionId: string, bundle: string): Promise<{ from: FilesFrom }>;
}

export interface AttachmentsRoom {
  upload(
    tenantId: string,
    sessionId: string,
    given: Parsed<Contract['uploadAttachment']>['body'],
    idempotencyKey?: string,
  ): Promise<Attachment>;
  list(tenantId: string, sessionId: string): Promise<Attachment[]>;
  download(tenantId: string, id: string): Promise<Bytes & { attachment: Attachment }>;
  delete(tenantId: string, id: string): Promise<void>;
}

export interface ExecRoom {
  exec(
    tenantId: string,
    sessionId: string,
    command: Parsed<Contract['execInSession']>['body'],
  ): Promise<ReplyOf<Contract['execInSession']>>;
}

export interface SandboxLogsRoom {
  /** Entries after `index`, of the session's live sandbox. */
  read(tenantId: string, sessionId: string, after: number): Promise<SandboxLog[]>;
}

export interface ApprovalsRoom {
  list(tenantId: string, sessionId: string, filter: Parsed<Contract['listApprovals']>['query']): Promise<Approval[]>;
  answer(tenantId: string, sessionId: string, approvalId: string, answer: ApprovalAnswer): Promise<Approval>;
}

export interface TurnsRoom {
  /** Accepts a message: durable when this resolves. The same idempotency key gives the same turn. */
  start(
    tenantId: string,
    sessionId: string,
    input: { content: TurnContent; options: TurnOptions; whenBusy: 'queue' | 'reject' | 'interrupt' },
    idempotencyKey?: string,
  ): Promise<{ turnId: string; acceptedSeq: number }>;
  /** Wakes a session that somebody looks at: a message is likely to follow. */
  wake(tenantId: string, sessionId: string): Promise<void>;
  /** A session's place in the line for a sandbox, from 1; undefined when it doesn't wait for one. */
  positionOf(sessionId: string): number | undefined;
}

export interface LogRoom {
  messages(tenantId: string, sessionId: string, page: { limit: number; after: number }): Promise<Message[]>;
  events(
    tenantId: string,
    sessionId: string,
    page: { limit: number; after: number; type?: string | undefined },
  ): Promise<SessionEvent[]>;
  /**
   * Stored items after the cursor, then live ones, without gap or double, those together that are there at once. With `turnId`: that turn's items only, ending
   * with its `turn_ended` entry; otherwise endless. `signal` ends it quietly. Errors with codes come before the first item
   * (`session_not_found`, `turn_not_found`, `cursor_invalid`).
   */
  follow(
    tenantId: string,
    sessionId: string,
    options: { cursor: Cursor; turnId?: string | undefined; previews: boolean; signal: AbortSignal },
  ): Promise<AsyncIterable<Batch>>;
}

/** The rooms behind HTTP, as `app.ts` puts them together. */
export interface Rooms {
  version: string;
  keys: ApiKeysRoom;
  internal: InternalGate;
  credentials: CredentialsRoom;
  queue: QueueRoom;
  usage: UsageRoom;
  webhooks: WebhooksRoom;
  egress: EgressRoom;
  agents: AgentsRoom;
  sessions: SessionsRoom;
  turns: TurnsRoom;
  approvals: ApprovalsRoom;
  log: LogRoom;
  agentFiles: AgentFilesRoom;
  sessionFiles: SessionFilesRoom;
  attachments: AttachmentsRoom;
  commands: ExecRoom;
  sandboxLogs: SandboxLogsRoom;
  health(): Promise<Health>;
  /** Resolves when everything that the rooms have shown by now is durable; undefined when it is already. */
  durable(): Promise<void> | undefined;
  /** Metrics in the text format of Prometheus. */
  metrics(http: { streamsOpen: number }): Promise<string>;
}
