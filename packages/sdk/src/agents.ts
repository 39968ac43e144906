/** Agents: deploy, list, get, delete. */
import type { CallOptions, Requests } from './request.ts';
import type { Agent, DeployAgentRequest } from './types.ts';

/** What `createAgent` may be given. */
export type CreateAgentOptions = Omit<DeployAgentRequest, 'name' | 'path'> & CallOptions;

export type AgentCalls = ReturnType<typeof agentCalls>;

/** The calls about agents. */
export function agentCalls(requests: Requests) {
  return {
    /**
     * Deploys a folder that lies on the server's machine, or redeploys it as the next version.
     *
     * @param path folder with a CLAUDE.md; relative to the server's data directory unless absolute
     * @throws AshApiError `agent_name_invalid`, `agent_instructions_missing`, `agent_path_not_found`, `agent_path_forbidden`
     * @example const agent = await client.deployAgent('my-agent', '/srv/agents/my-agent');
     */
    async deployAgent(name: string, path: string, options: CallOptions = {}): Promise<Agent> {
      return (await requests.json('deployAgent', { body: { name, path } }, options)).agent;
    },

    /**
     * Deploys an agent from uploaded files, or from a system prompt alone.
     *
     * @param options `files` with base64 content, `replace` when they are the whole folder, `systemPrompt`
     * @throws AshApiError `agent_name_invalid`, `agent_file_invalid`, `agent_too_large`
     * @example await client.createAgent('poet', { systemPrompt: 'Answer in verse.' });
     */
    async createAgent(name: string, options: CreateAgentOptions = {}): Promise<Agent> {
      const { signal, idempotencyKey, ...body } = options;
      return (await requests.json('deployAgent', { body: { name, ...body } }, { signal, idempotencyKey })).agent;
    },

    /** All agents of the tenant, by name. */
    async listAgents(options: CallOptions = {}): Promise<Agent[]> {
      return (await requests.json('listAgents', {}, options)).agents;
    },

    /** One agent. @throws AshApiError `agent_not_found` */
    async getAgent(name: string, options: CallOptions = {}): Promise<Agent> {
      return (await requests.json('getAgent', { params: { name } }, options)).agent;
    },

    /** Deletes an agent; its sessions end. @throws AshApiError `agent_not_found` */
    async deleteAgent(name: string, options: CallOptions = {}): Promise<void> {
      await requests.json('deleteAgent', { params: { name } }, options);
    },
  };
}
