/** Agents: deploy, list, get, delete; their versions. */
import type { CallOptions, Requests } from './request.ts';
import type { ActivateAgentVersionResponse, Agent, AgentVersion, DeployAgentRequest } from './types.ts';

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

    /**
     * The versions of an agent, newest first.
     *
     * @param page `limit` (default 100), `before` for those with a lower number
     * @throws AshApiError `agent_not_found`
     */
    async listAgentVersions(
      name: string,
      page: { limit?: number | undefined; before?: number | undefined } = {},
      options: CallOptions = {},
    ): Promise<AgentVersion[]> {
      return (await requests.json('listAgentVersions', { params: { name }, query: page }, options)).versions;
    },

    /** One version, by its number or its id. @throws AshApiError `agent_not_found`, `agent_version_not_found` */
    async getAgentVersion(name: string, version: number | string, options: CallOptions = {}): Promise<AgentVersion> {
      const params = { name, version: String(version) };
      return (await requests.json('getAgentVersion', { params }, options)).version;
    },

    /**
     * Has new sessions made from this version, by its number or its id: a rollback, or the way back. Sessions that exist
     * keep theirs.
     *
     * @throws AshApiError `agent_not_found`, `agent_version_not_found`, `agent_directory_missing`
     * @example await client.activateAgentVersion('my-agent', 3);
     */
    async activateAgentVersion(
      name: string,
      version: number | string,
      options: CallOptions = {},
    ): Promise<ActivateAgentVersionResponse> {
      const params = { name, version: String(version) };
      return await requests.json('activateAgentVersion', { params }, options);
    },
  };
}
