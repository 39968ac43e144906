/** TypeScript client of the Ash API, for Node ≥ 20 and browsers. */
export {
  classifyBridgeMessage,
  classifyToStreamEvents,
  type ParsedBlock,
  parseMessageContent,
} from '@ash-ai/shared';
export type { CreateAgentOptions } from './agents.ts';
export type { UploadAttachmentOptions } from './attachments.ts';
export { AshClient } from './client.ts';
export { AshApiError } from './errors.ts';
export {
  type DisplayItem,
  type DisplayItemType,
  extractDisplayItems,
  extractStreamDelta,
  extractTextFromEvent,
} from './extract.ts';
export { AshStreamCut } from './follow.ts';
export type { MessageContent, SendMessageOptions } from './messages.ts';
export type { PagingOptions } from './paging.ts';
export { parseSSEStream } from './parse.ts';
export type { EnqueueOptions } from './queue.ts';
export type { AshClientOptions, CallOptions } from './request.ts';
export { AshTurnFailed, type SessionHandle } from './session.ts';
export type { CreateSessionOptions, ForkSessionOptions } from './sessions.ts';
export type * from './types.ts';
export { AshWebhookInvalid, type VerifyWebhookOptions, verifyWebhook, type WebhookEvent } from './verify-webhook.ts';
export type { CreateWebhookOptions } from './webhooks.ts';
