/** The types of the API, derived from the contract table. */
import type { AshStreamEvent, ErrorBody } from '@ash-ai/shared';
import type { Contract, Given, ReplyOf, SessionEvent } from '@ash-ai/shared/contract';

export type { AshStreamEvent } from '@ash-ai/shared';
export type {
  Agent,
  Health as HealthResponse,
  Message,
  Session,
  SessionConfig,
  SessionEvent,
  SessionStatus,
} from '@ash-ai/shared/contract';

type Body<K extends keyof Contract> = Given<Contract[K]>['body'];

export type DeployAgentRequest = Body<'deployAgent'>;
export type CreateSessionRequest = Body<'createSession'>;
export type SendMessageRequest = Body<'sendMessage'>;

export type ListAgentsResponse = ReplyOf<Contract['listAgents']>;
export type ListSessionsResponse = ReplyOf<Contract['listSessions']>;
export type ListMessagesResponse = ReplyOf<Contract['listMessages']>;
export type ListSessionEventsResponse = ReplyOf<Contract['listSessionEvents']>;
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
