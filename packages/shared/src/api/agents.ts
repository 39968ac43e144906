/** Agents: schemas and routes (spec/http-api.md §3). */
import { z } from 'zod';
import { agentLimits } from '../agent-folder.ts';
import { base64, defineRoutes, timestamp } from './route.ts';

export const agentSchema = z
  .object({
    id: z.uuid().describe('Kept across redeploys'),
    name: z.string().describe('Unique within the tenant'),
    tenantId: z.string(),
    version: z.int().describe('1 on the first deploy, one more with each redeploy'),
    hash: z.string().describe('Address of the content of this version: equal folders have equal hashes'),
    path: z.string().describe("The version's folder on the server; it never changes"),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Agent' });

const deployBody = z
  .object({
    name: z.string().describe('1 to 255 letters, digits, "-" and "_"'),
    path: z
      .string()
      .max(4096)
      .optional()
      .describe('Folder on the server with a CLAUDE.md; relative to the data directory unless absolute'),
    systemPrompt: z.string().max(1_000_000).optional().describe('Becomes CLAUDE.md unless one is uploaded'),
    files: z
      .array(z.object({ path: z.string(), content: base64.describe('base64') }))
      .max(agentLimits.maxFiles)
      .optional()
      .describe('Files to write over those of the version before'),
    replace: z
      .boolean()
      .default(false)
      .describe('Whether the uploaded files are the whole folder, so that files not uploaded are gone'),
  })
  .meta({ id: 'DeployAgent' });

const nameParams = z.object({ name: z.string() });

export const agentRoutes = defineRoutes({
  deployAgent: {
    method: 'POST',
    path: '/api/agents',
    tag: 'agents',
    summary: 'Deploy a folder as an agent, or redeploy it',
    body: deployBody,
    bodyLimitBytes: agentLimits.maxUploadBytes,
    reply: { kind: 'json', status: 201, schema: z.object({ agent: agentSchema }) },
    errors: [
      'agent_name_invalid',
      'agent_instructions_missing',
      'agent_path_not_found',
      'agent_path_forbidden',
      'agent_file_invalid',
      'agent_too_large',
      'idempotency_key_reused',
      'storage_full',
    ],
  },
  listAgents: {
    method: 'GET',
    path: '/api/agents',
    tag: 'agents',
    summary: 'List agents by name',
    reply: { kind: 'json', status: 200, schema: z.object({ agents: z.array(agentSchema) }) },
    errors: [],
  },
  getAgent: {
    method: 'GET',
    path: '/api/agents/:name',
    tag: 'agents',
    summary: 'Get an agent',
    params: nameParams,
    reply: { kind: 'json', status: 200, schema: z.object({ agent: agentSchema }) },
    errors: ['agent_not_found'],
  },
  deleteAgent: {
    method: 'DELETE',
    path: '/api/agents/:name',
    tag: 'agents',
    summary: 'Delete an agent; its sessions end',
    params: nameParams,
    reply: { kind: 'json', status: 200, schema: z.object({ ok: z.literal(true) }) },
    errors: ['agent_not_found'],
  },
});
