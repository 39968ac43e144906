/** How the model gateway says no, in the words of the model API. */
import type { ServerResponse } from 'node:http';
import type { PassedHeaders } from './headers.ts';
import type { CeilingHit } from './model-ceilings.ts';

/** Ends a call at a ceiling, in a way that the runtime does not try again. */
export function stop(answer: ServerResponse, { code, error, retryAfterSec }: CeilingHit): void {
  const status = code === 'spend_limit_reached' ? 402 : code === 'model_rate_limit_reached' ? 429 : 403;
  const retryAfter: PassedHeaders = retryAfterSec === undefined ? {} : { 'retry-after': String(retryAfterSec) };
  refuse(answer, status, error, { 'x-should-retry': 'false', ...retryAfter });
}

const errorTypes: Readonly<Record<number, string>> = {
  402: 'billing_error',
  403: 'permission_error',
  429: 'rate_limit_error',
};

/** Ends a call with an error as the model API words them. */
export function refuse(answer: ServerResponse, status: number, message: string, headers: PassedHeaders = {}): void {
  if (answer.destroyed || answer.headersSent) return;
  answer.writeHead(status, {
    'content-type': 'application/json',
    ...(status === 403 ? { 'x-should-retry': 'false' } : {}),
    ...headers,
  });
  const type = errorTypes[status] ?? 'api_error';
  answer.end(JSON.stringify({ type: 'error', error: { type, message: `Ash: ${message}` } }));
}
