export {
  agentLimits,
  instructionsFile,
  isAgentName,
  isInnerPath,
  isSkipped,
  skippedNames,
  toAgentName,
} from './agent-folder.ts';
export { AshError, type ErrorBody, type ErrorCode, errors, errorTable, isAshError } from './errors.ts';
export { firstIdAt, isId, newId } from './ids.ts';
export {
  type ApprovalAnswer,
  type ApprovalRequest,
  type ContentBlock,
  type Cursor,
  formatCursor,
  type LogEntry,
  type LogEntryData,
  type LogEntryType,
  logEntryTypes,
  parseCursor,
  type SdkMessage,
  type SessionAction,
  type TurnContent,
  type TurnEnded,
  type TurnFailure,
  type TurnOutcome,
  type TurnStatus,
} from './log-entry.ts';
export { type ParsedBlock, parseMessageContent } from './message-content.ts';
export { LineSplitter, LineTooLong } from './ndjson.ts';
export { formatSse, formatSseComment, readSse, type SseEvent, SseEventTooLarge, SseParser } from './sse.ts';
export { type AshStreamEvent, classifyToStreamEvents, contentBlocks, type GranularEvent } from './stream-events.ts';
export { classifyBridgeMessage, type TimelineEvent } from './timeline-events.ts';
export {
  mayBeWebhookEvent,
  type WebhookEventType,
  webhookEventOf,
  webhookEventTypes,
  webhookTestType,
} from './webhook-events.ts';
