/** Who may call the internal routes (spec/http-api.md §1.2). */
import type { InternalGate } from '../http/rooms.ts';
import { equal } from './api-keys.ts';

export interface InternalGateOptions {
  /** The bearer of the internal routes. */
  secret: string | undefined;
  /** Whether a server without a secret keeps them closed to everybody. */
  production: boolean;
}

/**
 * The gate before the internal routes. Without a secret it is open in development, and only to callers on the same
 * machine: who passes it can make keys for every tenant.
 */
export function createInternalGate({ secret, production }: InternalGateOptions): InternalGate {
  return {
    ask: (remoteAddress) => {
      if (secret !== undefined) return 'secret';
      return !production && isLoopback(remoteAddress) ? 'open' : 'closed';
    },
    admits: (given) => secret !== undefined && equal(given, secret),
  };
}

function isLoopback(address: string | undefined): boolean {
  return address !== undefined && /^(?:::ffff:)?127\.|^::1$/.test(address);
}
