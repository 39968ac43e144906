/** Sessions: schemas and routes (spec/http-api.md §4, spec/sessions.md). */
import { z } from 'zod';
import { defineRoutes, idParams, timestamp } from './route.ts';

export const sessionStatuses = ['starting', 'active', 'paused', 'stopped', 'ended', 'error'] as const;
export type SessionStatus = (typeof sessionStatuses)[number];

export const permissionModes = ['bypassPermissions', 'permissionsByAgent', 'default'] as const;

export const sessionConfigSchema = z
  .object({
    allowedTools: z.array(z.string()).optional(),
    disallowedTools: z.array(z.string()).optional(),
    betas: z.array(z.string()).optional(),
    subagents: z.record(z.string(), z.unknown()).optional().describe("The Agent SDK's `agents` option"),
    initialAgent: z.string().optional().describe("The Agent SDK's `agent` option"),
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
    agent: z.string().max(255).describe("The agent's name"),
    model: z.string().max(100).optional(),
    systemPrompt: z.string().max(1_000_000).optional().describe("Takes the place of the agent's CLAUDE.md"),
    permissionMode: z.enum(permissionModes).optional().describe('Default: bypassPermissions'),
  })
  .meta({ id: 'CreateSession' });

const sessionReply = z.object({ session: sessionSchema });

export const sessionRoutes = defineRoutes({
  createSession: {
    method: 'POST',
    path: '/api/sessions',
    tag: 'sessions',
    summary: 'Open a session with an agent',
    body: createBody,
    reply: { kind: 'json', status: 201, schema: sessionReply },
    errors: ['agent_not_found', 'agent_directory_missing', 'idempotency_key_reused', 'storage_full'],
  },
  listSessions: {
    method: 'GET',
    path: '/api/sessions',
    tag: 'sessions',
    summary: 'List sessions, newest first',
    query: z.object({
      agent: z.string().optional(),
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
    errors: ['session_not_found', 'session_ended', 'agent_not_found', 'agent_directory_missing'],
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
