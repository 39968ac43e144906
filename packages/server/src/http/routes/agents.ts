/** Agents: deploy, list, get, delete; their versions. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { AgentsRoom } from '../rooms.ts';

type AgentRoutes = Pick<
  Contract,
  | 'deployAgent'
  | 'listAgents'
  | 'getAgent'
  | 'deleteAgent'
  | 'listAgentVersions'
  | 'getAgentVersion'
  | 'activateAgentVersion'
>;

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
    listAgentVersions: async ({ tenantId, params, query }) => ({
      versions: await agents.listVersions(tenantId, params.name, query),
    }),
    getAgentVersion: async ({ tenantId, params }) => ({
      version: await agents.getVersion(tenantId, params.name, params.version),
    }),
    activateAgentVersion: async ({ tenantId, params }) => ({
      activated: true,
      versionNumber: await agents.activateVersion(tenantId, params.name, params.version),
    }),
  };
}
