/** What programs written for the older SDK import and call. A name that is missing here does not compile, or fails names.test.ts. */
import type * as sdk from '../src/index.ts';

/** Functions and classes. */
export const values = [
  'AshClient',
  'AshApiError',
  'parseSSEStream',
  'extractTextFromEvent',
  'extractStreamDelta',
  'extractDisplayItems',
  // They were of the shared package.
  'parseMessageContent',
  'classifyToStreamEvents',
  'classifyBridgeMessage',
] as const satisfies (keyof typeof sdk)[];

/** Methods of the client. */
export const methods = [
  ...([
    'deployAgent',
    'createAgent',
    'listAgents',
    'getAgent',
    'deleteAgent',
    'listAgentFiles',
    'getAgentFile',
  ] as const),
  ...(['listAgentVersions', 'getAgentVersion', 'activateAgentVersion'] as const),
  ...([
    'createSession',
    'listSessions',
    'listSessionsWithTotal',
    'getSession',
    'pauseSession',
    'resumeSession',
  ] as const),
  ...(['stopSession', 'forkSession', 'endSession', 'updateSessionConfig'] as const),
  ...(['sendMessage', 'sendMessageStream', 'listMessages', 'listSessionEvents', 'getSessionLogs', 'exec'] as const),
  ...(['getSessionFiles', 'getSessionFile', 'downloadSessionFile', 'downloadSessionFileRaw'] as const),
  ...(['writeSessionFiles', 'deleteSessionFile', 'downloadWorkspace', 'uploadWorkspace'] as const),
  ...(['uploadAttachment', 'listAttachments', 'downloadAttachment', 'deleteAttachment'] as const),
  ...(['storeCredential', 'storeBedrockCredential', 'listCredentials', 'deleteCredential'] as const),
  ...(['enqueue', 'listQueueItems', 'getQueueItem', 'cancelQueueItem', 'getQueueStats'] as const),
  ...(['listUsageEvents', 'getUsageStats', 'health'] as const),
] satisfies (keyof sdk.AshClient)[];

/** Types, each by its name. */
export type Types = [
  sdk.AshClientOptions,
  sdk.SendMessageOptions,
  sdk.ExecResult,
  sdk.Agent,
  sdk.AgentVersion,
  sdk.Session,
  sdk.SessionStatus,
  sdk.SessionConfig,
  sdk.Message,
  sdk.SessionEvent,
  sdk.SessionEventType,
  sdk.Credential,
  sdk.CredentialType,
  sdk.Attachment,
  sdk.QueueItem,
  sdk.QueueItemStatus,
  sdk.QueueStats,
  sdk.UsageEvent,
  sdk.UsageEventType,
  sdk.UsageStats,
  sdk.CreateSessionRequest,
  sdk.SendMessageRequest,
  sdk.DeployAgentRequest,
  sdk.ListAgentsResponse,
  sdk.ListAgentVersionsResponse,
  sdk.ListSessionsResponse,
  sdk.ListMessagesResponse,
  sdk.ListSessionEventsResponse,
  sdk.ListCredentialsResponse,
  sdk.ListAttachmentsResponse,
  sdk.ListQueueItemsResponse,
  sdk.ListUsageEventsResponse,
  sdk.ListSessionsOptions,
  sdk.ListSessionsWithTotalResponse,
  sdk.SandboxLogEntry,
  sdk.HealthResponse,
  sdk.ApiError,
  sdk.AshSSEEventType,
  sdk.AshMessageEvent,
  sdk.AshErrorEvent,
  sdk.AshDoneEvent,
  sdk.AshStreamEvent,
  sdk.DisplayItem,
  sdk.DisplayItemType,
  sdk.FileEntry,
  sdk.ListFilesResponse,
  sdk.GetFileResponse,
  sdk.McpServerConfig,
];

/** What it had for routes that no open server of its line had, or that came after the line 0.0.x: it is not here. */
export const left = [
  ...['listFiles', 'uploadFile', 'getFileUrl', 'deleteFile'],
  ...['updateAgent', 'getAgentConfig', 'updateAgentConfig', 'uploadAgentFiles', 'deleteAgentFile', 'getAnalytics'],
  ...['createAgentVersion', 'updateAgentVersion', 'deleteAgentVersion'],
  ...['listEvalCases', 'createEvalCase', 'getEvalCase', 'updateEvalCase', 'deleteEvalCase', 'importEvalCases'],
  ...['exportEvalCases', 'startEvalRun', 'listEvalRuns', 'getEvalRun', 'getEvalRunResults', 'compareEvalRuns'],
  ...['scoreEvalResult', 'scoreEvalRun'],
];
