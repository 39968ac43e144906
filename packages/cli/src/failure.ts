/** How a failed command ends: a line for the user, what to do next, and an exit code. */
import type { AshApiError } from '@ash-ai/sdk';
import { inLine } from './output/width.ts';

/** An expected failure with a sentence for the user. */
export class Failure extends Error {
  override readonly name = 'Failure';
  /** What the user can do about it. */
  readonly next: string | undefined;

  constructor(message: string, options: ErrorOptions & { next?: string } = {}) {
    super(message, options);
    this.next = options.next;
  }
}

/** A failure as programs read it: the API's error body, as far as there is one. */
export interface FailureBody {
  error: string;
  statusCode?: number;
  code?: string;
  suggestion?: string;
  details?: Record<string, unknown>;
  requestId?: string;
}

/**
 * What tells of any error: the reason in one line; below it, indented, what to do and what to look it up by.
 *
 * @param prefix names what failed (default `Failed`)
 */
export function describe(error: unknown, serverUrl: string, prefix = 'Failed'): string {
  const { suggestion, code, requestId, ...body } = bodyOf(error, serverUrl);
  const reason = isApiError(error)
    ? `${error.request ?? 'Request'} failed (${error.statusCode}): ${body.error}`
    : body.error;
  const named = isApiError(error) && prefix === 'Failed' ? reason : `${prefix}: ${reason}`;
  const reference = [code, requestId === undefined ? undefined : `request ${requestId}`].filter(Boolean).join(' · ');
  const next = (code === undefined ? undefined : ownWords[code]) ?? suggestion;
  return [named, next, isApiError(error) ? reference : undefined]
    .filter((line) => line !== undefined && line !== '')
    .map((line) => inLine(line ?? ''))
    .join('\n  ');
}

/** Where the API's suggestion is for those who write requests themselves. */
const ownWords: Readonly<Record<string, string | undefined>> = {
  missing_authorization: 'Give the server\'s key: ASH_API_KEY, or "ash link <url> --api-key -".',
  invalid_api_key: 'The key is none of this server: set ASH_API_KEY, or "ash link <url> --api-key -".',
};

/** The same for programs. */
export function bodyOf(error: unknown, serverUrl: string): FailureBody {
  if (isApiError(error)) {
    const { message, statusCode, code, suggestion, details, requestId } = error;
    return {
      error: message,
      statusCode,
      ...(code === undefined ? {} : { code }),
      ...(suggestion === undefined ? {} : { suggestion }),
      ...(Object.keys(details).length === 0 ? {} : { details }),
      ...(requestId === undefined ? {} : { requestId }),
    };
  }
  if (error instanceof TypeError && error.message === 'fetch failed') {
    const cause = error.cause instanceof Error ? (codeOf(error.cause) ?? error.cause.message) : undefined;
    return {
      error: `no server answers at ${serverUrl}${cause === undefined ? '' : ` (${cause})`}`,
      code: 'server_unreachable',
      suggestion: 'Start one ("ash start"), or name it: ASH_SERVER_URL, or "ash link <url>".',
    };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    error: message,
    ...(error instanceof Failure && error.next !== undefined ? { suggestion: error.next } : {}),
  };
}

/** By name, so that telling of an error doesn't load the client. */
function isApiError(error: unknown): error is AshApiError {
  return error instanceof Error && error.name === 'AshApiError';
}

/** The `code` of a system error, e.g. `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
