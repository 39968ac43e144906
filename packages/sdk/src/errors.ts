/** How a failed request looks to the caller. */
import { type ErrorBody, type ErrorCode, errorTable } from '@ash-ai/shared';

const retryableStatuses = new Set([408, 429, 500, 502, 503, 504]);

/** A request that the server answered with an error. Failures inside a turn come as `error` events instead. */
export class AshApiError extends Error {
  override readonly name = 'AshApiError';
  /** HTTP status. */
  readonly statusCode: number;
  /** Code of the server's error table, e.g. `session_not_found`; undefined when something else answered (a proxy). */
  readonly code: ErrorCode | (string & {}) | undefined;
  /** What the caller can do about it. */
  readonly suggestion: string | undefined;
  readonly details: Record<string, unknown>;
  /** The id under which the server logged the request. */
  readonly requestId: string | undefined;
  /** What was asked, e.g. `GET /api/sessions/…`. */
  readonly request: string | undefined;
  /** How long the server asks to wait before another try, in ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    statusCode: number,
    message: string,
    rest: Partial<ErrorBody> & { request?: string; retryAfterMs?: number | undefined } = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.statusCode = statusCode;
    this.code = rest.code;
    this.suggestion = rest.suggestion;
    this.details = rest.details ?? {};
    this.requestId = rest.requestId;
    this.request = rest.request;
    this.retryAfterMs = rest.retryAfterMs;
  }

  /** Whether the same call may succeed later without a change by the caller. */
  get retryable(): boolean {
    const known = this.code !== undefined && Object.hasOwn(errorTable, this.code);
    return known ? errorTable[this.code as ErrorCode].retryable : retryableStatuses.has(this.statusCode);
  }
}

/** The error that a response that isn't 2xx stands for. Reads its body. */
export async function errorOf(response: Response, request: string): Promise<AshApiError> {
  const body = asRecord(await response.text().then(parse, () => undefined));
  const texts = [body.message, body.error, response.statusText].filter((text) => typeof text === 'string');
  return new AshApiError(response.status, texts.find((text) => text !== '') ?? `HTTP ${response.status}`, {
    ...pick(body, 'code'),
    ...pick(body, 'suggestion'),
    ...pick(body, 'requestId'),
    details: asRecord(body.details),
    request,
    retryAfterMs: retryAfterMs(response.headers.get('retry-after')),
  });
}

/** Whether a call that may be repeated should be: the connection failed, or the server had a passing trouble. */
export function isPassing(error: unknown): boolean {
  if (error instanceof AshApiError) return retryableStatuses.has(error.statusCode) && error.retryable;
  // fetch rejects with TypeError when the connection fails; a deadline aborts with TimeoutError.
  return error instanceof TypeError || (error instanceof Error && error.name === 'TimeoutError');
}

/** `Retry-After` in ms: seconds or a date (RFC 9110 §10.2.3). Undefined when missing or neither. */
// biome-ignore lint/plugin: compared with a date of HTTP
export function retryAfterMs(header: string | null, nowMs: number = Date.now()): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const ms = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function pick<K extends string>(body: Record<string, unknown>, name: K): { [P in K]?: string } {
  const value = body[name];
  return (typeof value === 'string' ? { [name]: value } : {}) as { [P in K]?: string };
}
