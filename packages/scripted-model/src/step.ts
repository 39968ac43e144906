// The form of a script: what one reply of the model holds, and which faults come before it.

/** One call of a tool the runtime offers. `input` defaults to `{}`. */
export interface ToolCall {
  readonly name: string;
  readonly input?: Readonly<Record<string, unknown>>;
}

/** How many requests meet the fault before the script goes on; default 1. */
export type Times = number | 'always';

/** Where a broken reply breaks: before the response headers, or after this many deltas. */
export type BreakPoint = number | 'headers';

/** Answer with an HTTP error. `retryAfterSec` and `shouldRetry` become the headers `retry-after` and `x-should-retry`. */
interface StatusFault {
  readonly status: number;
  readonly times?: Times;
  readonly message?: string;
  readonly retryAfterSec?: number;
  readonly shouldRetry?: boolean;
}

/** Close the connection in the middle of the reply. */
interface CutFault {
  readonly cut: BreakPoint;
  readonly times?: Times;
}

/** Send an SSE `error` event after this many deltas; `type` defaults to `overloaded_error`. */
interface ErrorEventFault {
  readonly error: number;
  readonly type?: string;
  readonly times?: Times;
}

/** Fall silent and keep the connection open until the client leaves. */
interface HangFault {
  readonly hang: BreakPoint;
  readonly times?: Times;
}

/** What goes wrong with a request before its step is played. */
export type Fault = StatusFault | CutFault | ErrorEventFault | HangFault;

/** One reply of the model. The blocks come in this order: thinking, text, tools. */
export interface StepFields {
  readonly thinking?: string;
  readonly text?: string;
  readonly tools?: readonly ToolCall[];
  /** Say the text this many times over; default 1. */
  readonly repeat?: number;
  /** Stream thinking and text in pieces of this many characters; default: word by word. */
  readonly chunk?: number;
  /** Stream thinking and text in this many pieces each (at most one a character); wins over `chunk`. */
  readonly deltas?: number;
  /** Wait before each delta, in milliseconds; default: the server's `deltaDelayMs`. */
  readonly delayMs?: number;
  /** Wait before the response headers, in milliseconds; default 0. */
  readonly waitMs?: number;
  /** The stop reason; default `tool_use` with tools, else `end_turn`. */
  readonly stop?: string;
  /** Played in order, one a request, before the step itself. */
  readonly faults?: readonly Fault[];
}

/** A reply: its fields, or only its text. */
export type Step = string | StepFields;
