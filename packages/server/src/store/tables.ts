/**
 * The tables as Kysely sees them: one shape for SQLite and PostgreSQL.
 *
 * Names are camelCase here and snake_case in the database (Kysely's CamelCasePlugin maps both ways, so no noun copies
 * columns by hand). Ids are text, instants ISO 8601 text, JSON is text, flags are 0 or 1.
 */
import type { Generated } from 'kysely';

/** Where a session is in its life. */
export type SessionStatus = 'starting' | 'active' | 'paused' | 'stopped' | 'ended' | 'error';
/** Where a turn is in its life. */
export type TurnStatus = 'queued' | 'running' | 'completed' | 'failed' | 'interrupted';
/** Where a queue item is in its life. */
export type QueueItemStatus = 'pending' | 'processing' | 'completed' | 'failed' | 'cancelled';
/** Where a permission request is in its life. */
export type ApprovalStatus = 'pending' | 'allowed' | 'denied' | 'expired';

/** Where a delivery to a webhook is in its life. */
export type WebhookDeliveryStatus = 'pending' | 'delivered' | 'failed' | 'skipped';

export interface Tables {
  meta: { key: string; value: string };
  migrations: { number: number; name: string; appliedAt: string };
  apiKeys: {
    id: string;
    tenantId: string;
    keyHash: string;
    keyPrefix: string;
    label: string;
    createdAt: string;
  };
  agents: {
    id: string;
    tenantId: string;
    name: string;
    /** Number and id of the active version. */
    version: number;
    versionId: string;
    /** Number of the version deployed last. */
    latestVersion: number;
    createdAt: string;
    updatedAt: string;
  };
  agentVersions: {
    id: string;
    tenantId: string;
    agentId: string;
    agentName: string;
    number: number;
    /** Content address of the stored folder. */
    hash: string;
    sizeBytes: number;
    fileCount: number;
    createdAt: string;
  };
  sessions: {
    id: string;
    tenantId: string;
    agentId: string;
    agentName: string;
    agentVersionId: string;
    status: SessionStatus;
    sandboxId: string;
    runnerId: string | null;
    parentSessionId: string | null;
    model: string | null;
    /** JSON: what the caller may change later. */
    config: string | null;
    /** JSON: systemPrompt, mcpServers, permissionMode …; nothing secret. */
    settings: string | null;
    /** Sealed secrets; never readable without the credential key. */
    sealed: string | null;
    /** `seq` of the newest log entry. */
    lastSeq: Generated<number>;
    /** Turns accepted so far; the ordinal of the newest one. */
    turnCount: Generated<number>;
    /** Rises with every change of owner; writes that carry an older one are refused. */
    leaseEpoch: Generated<number>;
    leaseHolder: string | null;
    /** The bridge life and frame number committed last. */
    frameLife: string | null;
    frameN: Generated<number>;
    runtimeStarted: Generated<number>;
    /** Running totals of the runtime as of its newest result: costs in USD, and tokens of all models. */
    costTotal: Generated<number>;
    costTokens: Generated<number>;
    createdAt: string;
    lastActiveAt: string;
    endedAt: string | null;
  };
  turns: {
    id: string;
    tenantId: string;
    sessionId: string;
    /** Dense from 1 in its session. */
    ordinal: number;
    status: TurnStatus;
    input: string;
    options: string;
    acceptedSeq: number;
    startedSeq: number | null;
    endedSeq: number | null;
    errorCode: string | null;
    error: string | null;
    createdAt: string;
    startedAt: string | null;
    endedAt: string | null;
  };
  logEntries: {
    sessionId: string;
    seq: number;
    type: string;
    turnId: string | null;
    data: string;
    createdAt: string;
  };
  idempotencyKeys: {
    tenantId: string;
    key: string;
    /** Hash of the request; the same key with another one is a caller's mistake. */
    fingerprint: string;
    resourceId: string;
    response: string | null;
    createdAt: string;
  };
  credentials: {
    id: string;
    tenantId: string;
    type: string;
    encryptedKey: string;
    iv: string;
    authTag: string;
    salt: string | null;
    label: Generated<string>;
    active: Generated<number>;
    createdAt: string;
    lastUsedAt: string | null;
  };
  attachments: {
    id: string;
    tenantId: string;
    messageId: string;
    sessionId: string;
    filename: string;
    mimeType: string;
    size: number;
    storagePath: string;
    createdAt: string;
  };
  queueItems: {
    id: string;
    tenantId: string;
    sessionId: string | null;
    agentName: string;
    prompt: string;
    status: Generated<QueueItemStatus>;
    priority: Generated<number>;
    retryCount: Generated<number>;
    maxRetries: Generated<number>;
    error: string | null;
    retryAfter: string | null;
    leaseUntil: string | null;
    claimedBy: string | null;
    turnId: string | null;
    createdAt: string;
    startedAt: string | null;
    completedAt: string | null;
  };
  usageEvents: {
    id: string;
    tenantId: string;
    sessionId: string;
    agentName: string;
    eventType: string;
    value: number;
    createdAt: string;
  };
  egressRecords: {
    sessionId: string;
    seq: number;
    turnId: string | null;
    record: string;
  };
  modelSpend: {
    sessionId: string;
    /** `2026-01`, in UTC. */
    month: string;
    tenantId: string;
    tokens: number;
    costUsd: number;
  };
  webhookEndpoints: {
    id: string;
    tenantId: string;
    url: string;
    description: string;
    /** JSON: a list of event types; null for all. */
    events: string | null;
    enabled: number;
    /** Sealed. */
    secret: string;
    previousSecret: string | null;
    previousSecretUntil: string | null;
    createdAt: string;
    updatedAt: string;
  };
  webhookDeliveries: {
    id: string;
    endpointId: string;
    tenantId: string;
    /** The same for all endpoints that are told of it. */
    eventId: string;
    type: string;
    /** What it tells of: an entry of a session's log, or a queue item. */
    sessionId: string | null;
    seq: number | null;
    queueItemId: string | null;
    status: WebhookDeliveryStatus;
    attempts: Generated<number>;
    nextAttemptAt: string | null;
    claimedBy: string | null;
    leaseUntil: string | null;
    lastAttemptAt: string | null;
    lastStatusCode: number | null;
    lastError: string | null;
    createdAt: string;
    deliveredAt: string | null;
  };
  approvals: {
    id: string;
    tenantId: string;
    sessionId: string;
    turnId: string;
    request: string;
    status: Generated<ApprovalStatus>;
    answer: string | null;
    createdAt: string;
    answeredAt: string | null;
  };
}
