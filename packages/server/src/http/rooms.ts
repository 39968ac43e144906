/** What the HTTP room needs of the rooms behind it. Every call is already scoped to a tenant; a foreign thing is a missing one. */
import type { Cursor, TurnContent } from '@ash-ai/shared';
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { Agent, Contract, Health, Message, Parsed, Session, SessionEvent } from '@ash-ai/shared/contract';
import type { Followed } from '../log/feed-item.ts';

export interface ApiKeysRoom {
  /** The tenant of a key given in the Authorization header; undefined when there is no such key. */
  tenantOf(key: string): Promise<string | undefined>;
}

export interface AgentsRoom {
  deploy(tenantId: string, deployment: Parsed<Contract['deployAgent']>['body']): Promise<Agent>;
  list(tenantId: string): Promise<Agent[]>;
  get(tenantId: string, name: string): Promise<Agent>;
  delete(tenantId: string, name: string): Promise<void>;
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
}

export interface TurnsRoom {
  /** Accepts a message: durable when this resolves. The same idempotency key gives the same turn. */
  start(
    tenantId: string,
    sessionId: string,
    input: { content: TurnContent; options: TurnOptions; whenBusy: 'queue' | 'reject' | 'interrupt' },
    idempotencyKey?: string,
  ): Promise<{ turnId: string; acceptedSeq: number }>;
}

export interface LogRoom {
  messages(tenantId: string, sessionId: string, page: { limit: number; after: number }): Promise<Message[]>;
  events(
    tenantId: string,
    sessionId: string,
    page: { limit: number; after: number; type?: string | undefined },
  ): Promise<SessionEvent[]>;
  /**
   * Stored items after the cursor, then live ones, without gap or double. With `turnId`: that turn's items only, ending
   * with its `turn_ended` entry; otherwise endless. `signal` ends it quietly. Errors with codes come before the first item
   * (`session_not_found`, `turn_not_found`, `cursor_invalid`).
   */
  follow(
    tenantId: string,
    sessionId: string,
    options: { cursor: Cursor; turnId?: string | undefined; previews: boolean; signal: AbortSignal },
  ): Promise<AsyncIterable<Followed>>;
}

/** The rooms behind HTTP, as `app.ts` puts them together. */
export interface Rooms {
  version: string;
  keys: ApiKeysRoom;
  agents: AgentsRoom;
  sessions: SessionsRoom;
  turns: TurnsRoom;
  log: LogRoom;
  health(): Promise<Health>;
}
