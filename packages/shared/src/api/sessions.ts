/** Sessions: schemas and routes (spec/http-api.md §4, spec/sessions.md). */
import { z } from 'zod';
import { egressSchema, modelLimitsSchema } from './egress.ts';
import { defineRoutes, idParams, plainText, timestamp } from './route.ts';
import { enforcedSchema, limitsRequestSchema, sandboxLimitsSchema } from './sandbox-limits.ts';
import { environmentSchema, mcpServersSchema } from './session-options.ts';

export const sessionStatuses = ['starting', 'active', 'paused', 'stopped', 'ended', 'error'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

export const permissionModes = ['bypassPermissions', 'permissionsByAgent', 'default'] as const;

const tools = z.array(z.string().max(10_000)).max(1000);
const betas = z.array(z.string().max(255)).max(100);
const subagents = z.record(z.string().max(255), z.unknown()).describe("The Agent SDK's `agents` option");
const initialAgent = z.string().max(255).describe("The Agent SDK's `agent` option");
const model = plainText(100).min(1);

export const sessionConfigSchema = z
  .object({
    allowedTools: tools.optional(),
    disallowedTools: tools.optional(),
    betas: betas.optional(),
    subagents: subagents.optional(),
    initialAgent: initialAgent.optional(),
  })
  .meta({ id: 'SessionConfig' });

export const sessionSchema = z
  .object({
    id: z.uuid(),
    tenantId: z.string(),
    agentName: z.string(),
    agentVersion: z.int().describe('Version of the agent that the session was made from'),
    sandboxId: z.string(),
    status: z.enum(sessionStatuses),
    isolation: z.string().describe('How its sandbox is walled in; "process" is no wall'),
    limits: sandboxLimitsSchema,
    enforced: enforcedSchema,
    runnerId: z.string().nullable(),
    parentSessionId: z.uuid().nullable(),
    model: z.string().nullable(),
    config: sessionConfigSchema.nullable(),
    lastSeq: z.int().describe('Newest entry of its log'),
    createdAt: timestamp,
    lastActiveAt: timestamp,
  })
  .meta({ id: 'Session' });

const createBody = sessionConfigSchema
  .extend({
    agent: plainText(255).describe("The agent's name"),
    model: model.optional(),
    systemPrompt: plainText(1_000_000).optional().describe("Takes the place of the agent's CLAUDE.md"),
    permissionMode: z.enum(permissionModes).optional().describe('Default: bypassPermissions'),
    limits: limitsRequestSchema.optional().describe("On top of the agent's own, up to what the server allows"),
    egress: egressSchema
      .optional()
      .describe("What it may reach besides the model API, in place of the agent's own list. Default: nothing"),
    modelLimits: modelLimitsSchema.optional().describe("On top of the agent's own"),
    mcpServers: mcpServersSchema
      .optional()
      .describe("Added to the agent's own `.mcp.json`; of two with one name this one counts"),
    credentialId: plainText(255).optional().describe("A stored credential, used in place of the server's key"),
    extraEnv: environmentSchema
      .optional()
      .describe('Variables of the sandbox; keys of the model API among them go to the gateway, not into the sandbox'),
  })
  .meta({ id: 'CreateSession' });

const sessionReply = z.object({ session: sessionSchema });

const configPatch = z
  .object({
    model: model.nullable().optional(),
    allowedTools: tools.nullable().optional(),
    disallowedTools: tools.nullable().optional(),
    betas: betas.nullable().optional(),
    subagents: subagents.nullable().optional(),
    initialAgent: initialAgent.nullable().optional(),
  })
  .meta({ id: 'SessionConfigPatch', description: 'Only given fields change; null unsets one' });

const forkBody = z
  .object({
    at: z.int().min(1).optional().describe('Entry up to which the conversation is taken over. Default: all of it'),
  })
  .meta({ id: 'ForkSession' });

export const sessionRoutes = defineRoutes({
  createSession: {
    method: 'POST',
    path: '/api/sessions',
    tag: 'sessions',
    summary: 'Open a session with an agent',
    rate: 'sessions',
    body: createBody,
    reply: { kind: 'json', status: 201, schema: sessionReply },
    errors: [
      'agent_not_found',
      'agent_directory_missing',
      'agent_file_invalid',
      'session_config_invalid',
      'credential_invalid',
      'credential_key_missing',
      'secret_unreadable',
      'idempotency_key_reused',
      'storage_full',
    ],
  },
  listSessions: {
    method: 'GET',
    path: '/api/sessions',
    tag: 'sessions',
    summary: 'List sessions, newest first',
    query: z.object({
      agent: plainText(255).optional(),
      status: z.enum(sessionStatuses).optional(),
      limit: z.int().min(1).max(1000).optional().describe('Default: all'),
      offset: z.int().min(0).default(0),
      includeTotal: z.boolean().default(false),
    }),
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({
        sessions: z.array(sessionSchema),
        total: z.int().optional().describe('With includeTotal: the number before paging'),
      }),
    },
    errors: [],
  },
  getSession: {
    method: 'GET',
    path: '/api/sessions/:id',
    tag: 'sessions',
    summary: 'Get a session',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: sessionReply },
    errors: ['session_not_found'],
  },
  endSession: {
    method: 'DELETE',
    path: '/api/sessions/:id',
    tag: 'sessions',
    summary: 'End a session for good; its log can still be read',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: sessionReply },
    errors: ['session_not_found'],
  },
  pauseSession: {
    method: 'POST',
    path: '/api/sessions/:id/pause',
    tag: 'sessions',
    summary: 'Pause an active session',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: sessionReply },
    errors: ['session_not_found', 'session_not_active'],
  },
  resumeSession: {
    method: 'POST',
    path: '/api/sessions/:id/resume',
    tag: 'sessions',
    summary: 'Make a paused or stopped session active again',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: sessionReply },
    errors: ['session_not_found', 'session_ended'],
  },
  stopSession: {
    method: 'POST',
    path: '/api/sessions/:id/stop',
    tag: 'sessions',
    summary: 'Stop a session: its turn is cut, its sandbox destroyed; it can be resumed',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: sessionReply },
    errors: ['session_not_found', 'session_not_active'],
  },
  updateSessionConfig: {
    method: 'PATCH',
    path: '/api/sessions/:id/config',
    tag: 'sessions',
    summary: 'Change the configuration of a session, from its next turn on',
    params: idParams,
    body: configPatch,
    reply: { kind: 'json', status: 200, schema: sessionReply },
    errors: ['session_not_found'],
  },
  forkSession: {
    method: 'POST',
    path: '/api/sessions/:id/fork',
    tag: 'sessions',
    summary: 'Make a new session that goes on from this one; it is paused until resumed',
    params: idParams,
    body: forkBody,
    optionalBody: true,
    rate: 'sessions',
    reply: {
      kind: 'json',
      status: 201,
      schema: sessionReply.extend({
        files: z.object({
          asOf: timestamp.describe('When the files were as the fork has them'),
          turnRunning: z.boolean().describe('Whether the parent was working when it was forked'),
          source: z
            .enum(['now', 'snapshot'])
            .describe(
              'Whether they are those of now, or with `at` those of the newest snapshot that is not later than it; `now` also when there is none',
            ),
          seq: z.int().describe("Newest entry of the parent's log at that moment"),
        }),
        conversation: z.object({ upTo: z.int().describe("Newest entry of the parent's log that was taken over") }),
      }),
    },
    errors: [
      'session_not_found',
      'fork_point_invalid',
      'fork_failed',
      'workspace_lost',
      'idempotency_key_reused',
      'storage_full',
    ],
  },
  interruptSession: {
    method: 'POST',
    path: '/api/sessions/:id/interrupt',
    tag: 'sessions',
    summary: 'Interrupt the running turn; the session stays active',
    params: idParams,
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({
        interrupted: z.boolean().describe('False when no turn was running'),
        turnId: z.uuid().nullable(),
      }),
    },
    errors: ['session_not_found'],
  },
});
