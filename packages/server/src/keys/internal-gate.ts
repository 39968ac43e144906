/** Who may call the internal routes (spec/http-api.md §1.2): whoever passes can make keys for every tenant. */
import type { InternalGate } from '../http/rooms.ts';
import { equal } from './api-keys.ts';

/** The gate before the internal routes. Without a secret they are closed to everybody. */
export function createInternalGate(secret: string | undefined): InternalGate {
  return {
    closed: secret === undefined,
    admits: (given) => secret !== undefined && equal(given, secret),
  };
}
