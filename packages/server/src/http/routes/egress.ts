/** Egress: what sessions reached. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import type { EgressRoom } from '../rooms.ts';

/** The handlers of the egress routes. */
export function egressHandlers(egress: EgressRoom): HandlersOf<Pick<Contract, 'listEgress'>> {
  return {
    listEgress: async ({ tenantId, params, query }) => ({ records: await egress.list(tenantId, params.id, query) }),
  };
}
