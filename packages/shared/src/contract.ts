/** The contract table: every route of Ash, from which validation, client types and the OpenAPI document derive. */
import type { z } from 'zod';
import { agentRoutes, type agentSchema, type agentVersionSchema } from './api/agents.ts';
import { apiKeyRoutes, type apiKeySchema } from './api/api-keys.ts';
import { approvalRoutes, type approvalSchema } from './api/approvals.ts';
import { attachmentRoutes, type attachmentSchema } from './api/attachments.ts';
import { credentialRoutes, type credentialSchema } from './api/credentials.ts';
import { type egressRecordSchema, egressRoutes } from './api/egress.ts';
import { execRoutes, type sandboxLogSchema } from './api/exec.ts';
import { type fileEntrySchema, fileRoutes } from './api/files.ts';
import { healthRoutes } from './api/health.ts';
import { messageRoutes, type messageSchema, type sessionEventSchema } from './api/messages.ts';
import { type queueItemSchema, queueRoutes } from './api/queue.ts';
import type { ReplyOf } from './api/route.ts';
import type { enforcedSchema, isolationNames, limitsRequestSchema, sandboxLimitsSchema } from './api/sandbox-limits.ts';
import { type sessionConfigSchema, sessionRoutes, type sessionSchema } from './api/sessions.ts';
import { type usageEventSchema, usageRoutes } from './api/usage.ts';
import { type webhookDeliverySchema, webhookRoutes, type webhookSchema } from './api/webhooks.ts';

export { attachmentLimits } from './api/attachments.ts';
export { type CredentialType, credentialTypes } from './api/credentials.ts';
export { type EgressRequest, egressSchema, type ModelLimitsRequest, modelLimitsSchema } from './api/egress.ts';
export { execLimits } from './api/exec.ts';
export { fileLimits } from './api/files.ts';
export { queueItemStatuses } from './api/queue.ts';
export {
  bodyErrors,
  commonErrors,
  defaultBodyLimitBytes,
  type Given,
  internalErrors,
  keyErrors,
  type Parsed,
  type ReplyOf,
  type Route,
} from './api/route.ts';
export { isolationNames, limitsRequestSchema } from './api/sandbox-limits.ts';
export { permissionModes, type SessionStatus, sessionStatuses } from './api/sessions.ts';
export { type UsageEventType, usageEventTypes } from './api/usage.ts';
export { webhookDeliveryStatuses, webhookLimits } from './api/webhooks.ts';

export const contract = {
  ...healthRoutes,
  ...agentRoutes,
  ...sessionRoutes,
  ...messageRoutes,
  ...fileRoutes,
  ...attachmentRoutes,
  ...execRoutes,
  ...approvalRoutes,
  ...credentialRoutes,
  ...queueRoutes,
  ...usageRoutes,
  ...egressRoutes,
  ...webhookRoutes,
  ...apiKeyRoutes,
};
export type Contract = typeof contract;

export type Agent = z.output<typeof agentSchema>;
export type AgentVersion = z.output<typeof agentVersionSchema>;
export type Session = z.output<typeof sessionSchema>;
export type SessionConfig = z.output<typeof sessionConfigSchema>;
export type Message = z.output<typeof messageSchema>;
export type SessionEvent = z.output<typeof sessionEventSchema>;
export type Approval = z.output<typeof approvalSchema>;
export type Credential = z.output<typeof credentialSchema>;
export type QueueItem = z.output<typeof queueItemSchema>;
export type QueueStats = ReplyOf<Contract['getQueueStats']>['stats'];
export type EgressRecord = z.output<typeof egressRecordSchema>;
export type Webhook = z.output<typeof webhookSchema>;
export type WebhookDelivery = z.output<typeof webhookDeliverySchema>;
export type UsageEvent = z.output<typeof usageEventSchema>;
export type UsageStats = ReplyOf<Contract['getUsageStats']>['stats'];
export type ApiKey = z.output<typeof apiKeySchema>;
export type LimitsRequest = z.output<typeof limitsRequestSchema>;
export type SandboxLimits = z.output<typeof sandboxLimitsSchema>;
export type IsolationName = (typeof isolationNames)[number];
export type Enforced = z.output<typeof enforcedSchema>;
export type FileEntry = z.output<typeof fileEntrySchema>;
export type Attachment = z.output<typeof attachmentSchema>;
export type SandboxLog = z.output<typeof sandboxLogSchema>;
export type Health = ReplyOf<Contract['health']>;
