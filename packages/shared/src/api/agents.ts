/** Agents and their versions: schemas and routes (spec/http-api.md §3, §14.7). */
import { z } from 'zod';
import { agentLimits } from '../agent-folder.ts';
import { base64, defineRoutes, innerPath, plainText, timestamp } from './route.ts';

export const agentSchema = z
  .object({
    id: z.uuid().describe('Kept across redeploys'),
    name: z.string().describe('Unique within the tenant'),
    tenantId: z.string(),
    version: z.int().describe('The active version: the newest one, unless another was activated since'),
    hash: z.string().describe('Address of the content of this version: equal folders have equal hashes'),
    path: z.string().describe("The version's folder on the server; it never changes"),
    createdAt: timestamp,
    updatedAt: timestamp,
  })
  .meta({ id: 'Agent' });

const deployBody = z
  .object({
    name: z.string().meta({ maxLength: 255 }).describe('Letters, digits, "-" and "_"; at least one'),
    path: plainText(4096)
      .optional()
      .describe('Folder on the server with a CLAUDE.md; relative to the data directory unless absolute'),
    systemPrompt: plainText(1_000_000).optional().describe('Becomes CLAUDE.md unless one is uploaded'),
    files: z
      .array(
        z.object({
          path: innerPath,
          content: base64.describe('base64'),
          executable: z.boolean().default(false).describe('Whether it may be run as a program'),
        }),
      )
      .max(agentLimits.maxFiles)
      .optional()
      .describe('Files to write over those of the version before'),
    replace: z
      .boolean()
      .default(false)
      .describe('Whether the uploaded files are the whole folder, so that files not uploaded are gone'),
  })
  .meta({ id: 'DeployAgent' });

export const agentVersionSchema = z
  .object({
    id: z.uuid(),
    tenantId: z.string(),
    agentName: z.string(),
    versionNumber: z.int().describe('1, 2, … in the order of deployment'),
    name: z.string().describe('"v" and the number'),
    isActive: z.boolean().describe('Whether new sessions are made from it; one version of an agent is'),
    hash: z.string().describe('Address of its content: equal folders have equal hashes'),
    sizeBytes: z.int(),
    fileCount: z.int(),
    createdAt: timestamp,
    updatedAt: timestamp.describe('As createdAt: a version never changes'),
  })
  .meta({ id: 'AgentVersion' });

const nameParams = z.object({ name: plainText(255) });

const versionParams = z.object({ name: plainText(255), version: plainText(64).describe('Its number or its id') });

export const agentRoutes = defineRoutes({
  deployAgent: {
    method: 'POST',
    path: '/api/agents',
    tag: 'agents',
    summary: 'Deploy a folder as an agent, or redeploy it',
    body: deployBody,
    bodyLimitBytes: agentLimits.maxUploadBytes,
    rate: 'agents',
    reply: { kind: 'json', status: 201, schema: z.object({ agent: agentSchema }) },
    errors: [
      'agent_name_invalid',
      'agent_instructions_missing',
      'agent_path_not_found',
      'agent_path_forbidden',
      'agent_directory_missing',
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
  listAgentVersions: {
    method: 'GET',
    path: '/api/agents/:name/versions',
    tag: 'agents',
    summary: 'List the versions of an agent, newest first',
    params: nameParams,
    query: z.object({
      limit: z.int().min(1).max(1000).default(100),
      before: z.int().min(1).optional().describe('Only versions with a lower number: the next page'),
    }),
    reply: { kind: 'json', status: 200, schema: z.object({ versions: z.array(agentVersionSchema) }) },
    errors: ['agent_not_found'],
  },
  getAgentVersion: {
    method: 'GET',
    path: '/api/agents/:name/versions/:version',
    tag: 'agents',
    summary: 'Get a version of an agent',
    params: versionParams,
    reply: { kind: 'json', status: 200, schema: z.object({ version: agentVersionSchema }) },
    errors: ['agent_not_found', 'agent_version_not_found'],
  },
  activateAgentVersion: {
    method: 'POST',
    path: '/api/agents/:name/versions/:version/activate',
    tag: 'agents',
    summary: 'Have new sessions made from this version; sessions that exist keep theirs',
    params: versionParams,
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({ activated: z.literal(true), versionNumber: z.int() }),
    },
    errors: ['agent_not_found', 'agent_version_not_found', 'agent_directory_missing'],
  },
});
