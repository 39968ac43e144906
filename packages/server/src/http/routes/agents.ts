/** Agents: deploy, list, get, delete. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { AgentsRoom } from '../rooms.ts';

type AgentRoutes = Pick<Contract, 'deployAgent' | 'listAgents' | 'getAgent' | 'deleteAgent'>;

/** The handlers of the agent routes. */
export function agentHandlers(agents: AgentsRoom): HandlersOf<AgentRoutes> {
  return {
    deployAgent: async ({ tenantId, body, headers }) => ({
      agent: await agents.deploy(tenantId, body, idempotencyKeyOf(headers)),
    }),
    listAgents: async ({ tenantId }) => ({ agents: await agents.list(tenantId) }),
    getAgent: async ({ tenantId, params }) => ({ agent: await agents.get(tenantId, params.name) }),
    deleteAgent: async ({ tenantId, params }) => {
      await agents.delete(tenantId, params.name);
      return { ok: true };
    },
  };
}
