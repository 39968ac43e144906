/** How a failed command ends: one line for the user, and an exit code. */
import type { AshApiError } from '@ash-ai/sdk';

/** An expected failure with a sentence for the user. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

/** The line that tells of any error. `prefix` names what failed (default `Failed`). */
export function describe(error: unknown, serverUrl: string, prefix = 'Failed'): string {
  if (isApiError(error)) {
    const told = `${error.request ?? 'Request'} failed (${error.statusCode}): ${error.message}`;
    const line = error.suggestion === undefined ? told : `${sentence(told)} ${error.suggestion}`;
    return oneLine(prefix === 'Failed' ? line : `${prefix}: ${line}`);
  }
  if (error instanceof TypeError && error.message === 'fetch failed') {
    const cause = error.cause instanceof Error ? ` (${codeOf(error.cause) ?? error.cause.message})` : '';
    return `${prefix}: no server answers at ${serverUrl}${cause}. Start one with "ash start", or set ASH_SERVER_URL.`;
  }
  return oneLine(`${prefix}: ${error instanceof Error ? error.message : String(error)}`);
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

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' ');
}
