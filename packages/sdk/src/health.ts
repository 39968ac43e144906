/** The server itself. */
import type { CallOptions, Requests } from './request.ts';
import type { HealthResponse } from './types.ts';

export type HealthCalls = ReturnType<typeof healthCalls>;

/** The calls about the server itself. */
export function healthCalls(requests: Requests) {
  return {
    /** Whether the server is well, and what it holds. Needs no key. */
    health: (options: CallOptions = {}): Promise<HealthResponse> => requests.json('health', {}, options),
  };
}
