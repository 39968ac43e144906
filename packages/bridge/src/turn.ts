/** Which turn a message of the SDK is about, and how one ended by its `result` message. Pure. */
import type { ErrorCode, SdkMessage, TurnEnded, TurnFailure } from '@ash-ai/shared';

/** What the bridge knows besides the message. */
export interface TurnContext {
  /** Whether someone asked for this turn to be interrupted. */
  interrupted: boolean;
  /** Why the gateway gave the last model call no answer of the API: it could not be reached, or a ceiling stood in the way. */
  gateway?: TurnFailure | undefined;
}

/**
 * The end of a turn whose `result` message came. `is_error` decides, not `subtype` alone: an API error after all
 * retries comes as `subtype: "success"` with `is_error: true`.
 */
export function turnEndedBy(result: SdkMessage, context: TurnContext): TurnEnded {
  const reason = reasonOf(result);
  const terminal = typeof result.terminal_reason === 'string' ? result.terminal_reason : '';
  if (terminal.startsWith('aborted') || (context.interrupted && result.is_error === true)) {
    return { outcome: 'interrupted', reported: true };
  }
  if (result.subtype === 'success') {
    if (result.is_error !== true) return { outcome: 'completed' };
    return failed(apiErrorCode(result, terminal, context), context.gateway?.error ?? reason, false);
  }
  if (result.subtype === 'error_max_turns') return failed('turn_limit_reached', reason, true);
  if (result.subtype === 'error_max_budget_usd') return failed('budget_exceeded', reason, true);
  return failed('execution_failed', reason, true);
}

function failed(code: ErrorCode, error: string, reported: boolean): TurnEnded {
  return { outcome: 'failed', failure: { code, error }, reported };
}

function apiErrorCode(result: SdkMessage, terminal: string, context: TurnContext): ErrorCode {
  if (terminal === 'prompt_too_long') return 'prompt_too_long';
  if (context.gateway !== undefined) return context.gateway.code;
  switch (result.api_error_status) {
    case 401:
    case 403:
      return 'model_unauthorized';
    case 429:
      return 'model_rate_limited';
    case 529:
      return 'model_overloaded';
    default:
      return 'model_failed';
  }
}

/** How much of what the runtime says of a failure is passed on beside its messages, in characters. */
const maxReasonChars = 16_384;

function reasonOf(result: SdkMessage): string {
  if (typeof result.result === 'string' && result.result !== '') return result.result.slice(0, maxReasonChars);
  const texts = Array.isArray(result.errors) ? result.errors.filter((text) => typeof text === 'string') : [];
  const reason = texts.length > 0 ? texts.join('; ') : (result.subtype ?? 'no reason given');
  return String(reason).slice(0, maxReasonChars);
}

/** Whether a message says itself that it is about another turn than this one. */
export function isOfAnother({ command_uuid: about }: SdkMessage, turnId: string | undefined): boolean {
  return typeof about === 'string' && about !== turnId;
}

/** Whether a `result` belongs to this turn: the runtime also reports turns that nobody sent (a task that came back). */
export function endsTurn(result: SdkMessage, turnId: string): boolean {
  if (typeof result.user_message_uuid === 'string') return result.user_message_uuid === turnId;
  return typeof result.origin !== 'object' || result.origin === null;
}

/** The end of a turn whose runtime is not what it should be. */
export function runtimeFailed(reason: string): TurnEnded {
  return { outcome: 'failed', failure: { code: 'runtime_failed', error: reason.slice(0, maxReasonChars) } };
}
