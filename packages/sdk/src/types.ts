/** The types of the API, derived from the contract table. */
import type { AshStreamEvent, ErrorBody } from '@ash-ai/shared';
import type { Contract, Given, QueueItem, ReplyOf, SandboxLog, SessionEvent } from '@ash-ai/shared/contract';

export type { AshStreamEvent } from '@ash-ai/shared';
export type {
  Agent,
  AgentVersion,
  ApiKey,
  Approval,
  Attachment,
  Credential,
  CredentialType,
  EgressRecord,
  FileEntry,
  Health as HealthResponse,
  Message,
  QueueItem,
  QueueStats,
  SandboxLog,
  Session,
  SessionConfig,
  SessionEvent,
  SessionStatus,
  UsageEvent,
  UsageEventType,
  UsageStats,
  Webhook,
  WebhookDelivery,
} from '@ash-ai/shared/contract';

type Body<K extends keyof Contract> = Given<Contract[K]>['body'];

export type DeployAgentRequest = Body<'deployAgent'>;
export type ActivateAgentVersionResponse = ReplyOf<Contract['activateAgentVersion']>;
export type CreateSessionRequest = Body<'createSession'>;
export type SendMessageRequest = Body<'sendMessage'>;

export type ListAgentFilesResponse = ReplyOf<Contract['listAgentFiles']>;
export type GetAgentFileResponse = ReplyOf<Contract['getAgentFile']>;
export type ListSessionFilesResponse = ReplyOf<Contract['listSessionFiles']>;
export type GetSessionFileResponse = ReplyOf<Contract['getSessionFile']>;
export type SessionFileToWrite = Body<'writeSessionFiles'>['files'][number];
export type WriteSessionFilesResponse = ReplyOf<Contract['writeSessionFiles']>;
export type ExecResult = ReplyOf<Contract['execInSession']>;
export type GetSessionLogsResponse = ReplyOf<Contract['getSessionLogs']>;

/** A file as it is. In Node `buffer` is a Buffer. */
export interface DownloadedFile {
  buffer: Uint8Array;
  mimeType: string;
  /** Whether the session was awake (`sandbox`) or asleep (`snapshot`). */
  source: string;
}

export type CreateWebhookRequest = Body<'createWebhook'>;
export type UpdateWebhookRequest = Body<'updateWebhook'>;
export type ReplayWebhookRequest = Body<'replayWebhook'>;
/** A webhook with its secret, which is shown only when it is made. */
export type CreatedWebhook = ReplyOf<Contract['createWebhook']>;
export type ListWebhookDeliveriesOptions = Given<Contract['listWebhookDeliveries']>['query'];
export type GetWebhookDeliveryResponse = ReplyOf<Contract['getWebhookDelivery']>;

export type EnqueueRequest = Body<'enqueue'>;
export type CreatedApiKey = ReplyOf<Contract['createApiKey']>;
export type QueueItemStatus = QueueItem['status'];
export type ListQueueItemsOptions = Given<Contract['listQueueItems']>['query'];
export type ListUsageEventsOptions = Given<Contract['listUsageEvents']>['query'];
export type GetUsageStatsOptions = Given<Contract['getUsageStats']>['query'];

/** By the names of the older SDK. */
export type SandboxLogEntry = SandboxLog;
export type ListFilesResponse = ListSessionFilesResponse;
export type GetFileResponse = GetSessionFileResponse;

export type McpServerConfig = NonNullable<CreateSessionRequest['mcpServers']>[string];
export type ListAgentVersionsResponse = ReplyOf<Contract['listAgentVersions']>;
export type ListCredentialsResponse = ReplyOf<Contract['listCredentials']>;
export type ListAttachmentsResponse = ReplyOf<Contract['listAttachments']>;
export type ListQueueItemsResponse = ReplyOf<Contract['listQueueItems']>;
export type ListUsageEventsResponse = ReplyOf<Contract['listUsageEvents']>;

/** Keys of Amazon Web Services with access to Bedrock. */
export interface BedrockCredential {
  accessKeyId: string;
  secretAccessKey: string;
  region: string;
  sessionToken?: string;
  label?: string;
}

export type ListAgentsResponse = ReplyOf<Contract['listAgents']>;
export type ListSessionsResponse = ReplyOf<Contract['listSessions']>;
export type ListMessagesResponse = ReplyOf<Contract['listMessages']>;
export type ListSessionEventsResponse = ReplyOf<Contract['listSessionEvents']>;
export type ForkSessionResponse = ReplyOf<Contract['forkSession']>;
export type SessionConfigPatch = Body<'updateSessionConfig'>;
export type AnswerApprovalRequest = Body<'answerApproval'>;
export type ListApprovalsOptions = Given<Contract['listApprovals']>['query'];
export type InterruptSessionResponse = ReplyOf<Contract['interruptSession']>;

export type ListSessionsOptions = Omit<Given<Contract['listSessions']>['query'], 'includeTotal'>;

/** A page of sessions, and how many there are in all. */
export interface ListSessionsWithTotalResponse {
  sessions: ListSessionsResponse['sessions'];
  total: number;
}

/** Where to follow a session from. */
export interface FollowSessionOptions {
  /** Cursor to start after: an SSE id, or the `sequence` of a message. Default: the beginning. */
  after?: string | number | undefined;
  /** Follow this turn only, up to its `done`. */
  turnId?: string | undefined;
  /** Token deltas too. Default false. */
  includePartialMessages?: boolean | undefined;
  /** Stops listening; nothing at the server stops. */
  signal?: AbortSignal | undefined;
}

/** The JSON body of every answer that isn't 2xx. */
export type ApiError = ErrorBody;

export type SessionEventType = SessionEvent['type'];
export type AshSSEEventType = AshStreamEvent['type'];
export type AshMessageEvent = Extract<AshStreamEvent, { type: 'message' }>;
export type AshErrorEvent = Extract<AshStreamEvent, { type: 'error' }>;
export type AshDoneEvent = Extract<AshStreamEvent, { type: 'done' }>;
