/** What a session's log is made of, and the cursor that every reader of it uses. */
import type { ErrorCode } from './errors.ts';

/** The closed set of entry types. */
export const logEntryTypes = [
  'session',
  'turn_accepted',
  'turn_started',
  'message',
  'approval_requested',
  'approval_answered',
  'turn_ended',
] as const;
export type LogEntryType = (typeof logEntryTypes)[number];

/** A message of the Agent SDK, carried unchanged. Only the fields that Ash reads are named. */
export interface SdkMessage {
  type: string;
  subtype?: string;
  uuid?: string;
  session_id?: string;
  [field: string]: unknown;
}

/** One block of a message given by the user. */
export interface ContentBlock {
  type: string;
  [field: string]: unknown;
}

export type TurnContent = string | ContentBlock[];

export type TurnStatus = 'queued' | 'running' | 'completed' | 'failed' | 'interrupted';
export type TurnOutcome = Extract<TurnStatus, 'completed' | 'failed' | 'interrupted'>;

/** Why a turn failed, in the words of the error table. */
export interface TurnFailure {
  code: ErrorCode;
  error: string;
}

export interface TurnEnded {
  outcome: TurnOutcome;
  failure?: TurnFailure;
  /** Whether the agent runtime reported the failure itself, in a `result` message of this turn. */
  reported?: boolean;
}

/** A tool call that waits for somebody's leave, or questions that wait for somebody's answers. */
export interface ApprovalRequest {
  approvalId: string;
  toolName: string;
  input: Record<string, unknown>;
  toolUseId: string;
  /** The subagent that asks; absent for the agent itself. */
  agentId?: string;
  /** Why it asks, and sentences for a prompt, as far as the runtime gives them. */
  reason?: string;
  title?: string;
  description?: string;
}

/** What is answered to an {@link ApprovalRequest}. */
export interface ApprovalAnswer {
  decision: 'allow' | 'deny';
  /** For the agent, with `deny`. */
  message?: string | undefined;
  /** Takes the place of the input, with `allow`; the answers to `AskUserQuestion` go here. */
  updatedInput?: Record<string, unknown> | undefined;
}

/** `data` of an entry, by type. */
export interface LogEntryData {
  session: { action: SessionAction; [field: string]: unknown };
  turn_accepted: { content: TurnContent };
  turn_started: Record<string, never>;
  message: SdkMessage;
  approval_requested: ApprovalRequest;
  approval_answered: ApprovalAnswer & { approvalId: string };
  turn_ended: TurnEnded;
}

export type SessionAction =
  | 'created'
  | 'forked'
  | 'configured'
  | 'paused'
  | 'resumed'
  | 'stopped'
  | 'ended'
  | 'sandbox_lost'
  | 'recovered';

/** One entry of a session's log. */
export type LogEntry = {
  [T in LogEntryType]: {
    /** Dense from 1 within the session. */
    seq: number;
    type: T;
    /** The turn that the entry belongs to, if any. */
    turnId: string | null;
    data: LogEntryData[T];
    /** ISO 8601, UTC. */
    createdAt: string;
  };
}[LogEntryType];

/**
 * A place in a session's log: every entry up to `seq` has been seen, and `previews` of the open run of previews.
 * (A run of previews belongs to a running turn; it opens after one of the turn's messages and closes with the next.)
 */
export interface Cursor {
  seq: number;
  previews: number;
}

/** `7` or, within a run of previews, `7.12`. The form of SSE ids, `Last-Event-ID` and `?after=`. */
export function formatCursor(cursor: Cursor): string {
  return cursor.previews === 0 ? String(cursor.seq) : `${cursor.seq}.${cursor.previews}`;
}

/** The cursor that `text` stands for; undefined when it isn't one. */
export function parseCursor(text: string): Cursor | undefined {
  const match = /^(\d{1,15})(?:\.(\d{1,15}))?$/.exec(text.trim());
  if (match === null) return undefined;
  return { seq: Number(match[1]), previews: Number(match[2] ?? 0) };
}
