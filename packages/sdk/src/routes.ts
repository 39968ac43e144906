/** Where each call of the contract goes. Paths are repeated here, checked by type, because the table itself brings zod. */
import type { Contract, Given, ReplyOf } from '@ash-ai/shared/contract';
import { AshApiError } from './errors.ts';

export type RouteKey = keyof Contract;

/** `METHOD path` of every route; a route that the contract adds, renames or moves is a type error here. */
const routes: { readonly [K in RouteKey]: `${Contract[K]['method']} ${Contract[K]['path']}` } = {
  health: 'GET /health',
  deployAgent: 'POST /api/agents',
  listAgents: 'GET /api/agents',
  getAgent: 'GET /api/agents/:name',
  deleteAgent: 'DELETE /api/agents/:name',
  listAgentVersions: 'GET /api/agents/:name/versions',
  getAgentVersion: 'GET /api/agents/:name/versions/:version',
  activateAgentVersion: 'POST /api/agents/:name/versions/:version/activate',
  createSession: 'POST /api/sessions',
  listSessions: 'GET /api/sessions',
  getSession: 'GET /api/sessions/:id',
  endSession: 'DELETE /api/sessions/:id',
  pauseSession: 'POST /api/sessions/:id/pause',
  resumeSession: 'POST /api/sessions/:id/resume',
  stopSession: 'POST /api/sessions/:id/stop',
  updateSessionConfig: 'PATCH /api/sessions/:id/config',
  forkSession: 'POST /api/sessions/:id/fork',
  interruptSession: 'POST /api/sessions/:id/interrupt',
  sendMessage: 'POST /api/sessions/:id/messages',
  listMessages: 'GET /api/sessions/:id/messages',
  listSessionEvents: 'GET /api/sessions/:id/events',
  followSession: 'GET /api/sessions/:id/stream',
  listApprovals: 'GET /api/sessions/:id/approvals',
  answerApproval: 'POST /api/sessions/:id/approvals/:approvalId',
  listAgentFiles: 'GET /api/agents/:name/files',
  getAgentFile: 'GET /api/agents/:name/files/*',
  listSessionFiles: 'GET /api/sessions/:id/files',
  getSessionFile: 'GET /api/sessions/:id/files/*',
  writeSessionFiles: 'POST /api/sessions/:id/files',
  deleteSessionFile: 'DELETE /api/sessions/:id/files/*',
  downloadWorkspace: 'GET /api/sessions/:id/workspace',
  uploadWorkspace: 'POST /api/sessions/:id/workspace',
  uploadAttachment: 'POST /api/sessions/:id/attachments',
  listAttachments: 'GET /api/sessions/:id/attachments',
  downloadAttachment: 'GET /api/attachments/:id',
  deleteAttachment: 'DELETE /api/attachments/:id',
  getSessionLogs: 'GET /api/sessions/:id/logs',
  execInSession: 'POST /api/sessions/:id/exec',
  listEgress: 'GET /api/sessions/:id/egress',
  storeCredential: 'POST /api/credentials',
  listCredentials: 'GET /api/credentials',
  deleteCredential: 'DELETE /api/credentials/:id',
  enqueue: 'POST /api/queue',
  listQueueItems: 'GET /api/queue',
  getQueueStats: 'GET /api/queue/stats',
  getQueueItem: 'GET /api/queue/:id',
  cancelQueueItem: 'DELETE /api/queue/:id',
  listUsageEvents: 'GET /api/usage',
  getUsageStats: 'GET /api/usage/stats',
  createWebhook: 'POST /api/webhooks',
  listWebhooks: 'GET /api/webhooks',
  getWebhook: 'GET /api/webhooks/:id',
  updateWebhook: 'PATCH /api/webhooks/:id',
  deleteWebhook: 'DELETE /api/webhooks/:id',
  rotateWebhookSecret: 'POST /api/webhooks/:id/rotate-secret',
  testWebhook: 'POST /api/webhooks/:id/test',
  listWebhookDeliveries: 'GET /api/webhooks/:id/deliveries',
  getWebhookDelivery: 'GET /api/webhooks/:id/deliveries/:deliveryId',
  redeliverWebhook: 'POST /api/webhooks/:id/deliveries/:deliveryId/redeliver',
  replayWebhook: 'POST /api/webhooks/:id/replay',
  listApiKeys: 'GET /api/api-keys',
  createApiKey: 'POST /api/api-keys',
  deleteApiKey: 'DELETE /api/api-keys/:id',
  createTenantApiKey: 'POST /api/internal/api-keys',
  listRunners: 'GET /api/internal/runners',
};

/** Calls that create something: they carry an Idempotency-Key, so that repeating them is safe. */
export const creating: ReadonlySet<RouteKey> = new Set<RouteKey>([
  'deployAgent',
  'createSession',
  'forkSession',
  'sendMessage',
  'uploadAttachment',
  'storeCredential',
  'enqueue',
  'createWebhook',
  'rotateWebhookSecret',
  'testWebhook',
  'createApiKey',
  'createTenantApiKey',
]);

/** Calls that may be repeated by their meaning, although they aren't reads. */
export const repeatable: ReadonlySet<RouteKey> = new Set<RouteKey>([
  'activateAgentVersion',
  'endSession',
  'resumeSession',
  'writeSessionFiles',
  'uploadWorkspace',
  'redeliverWebhook',
  'replayWebhook',
]);

type Parts<K extends RouteKey> = Given<Contract[K]>;

/** What a call of route `K` needs: those of `params`, `query` and `body` that the route has. */
export type Call<K extends RouteKey> = {
  [P in keyof Parts<K> as Parts<K>[P] extends undefined ? never : P]: Parts<K>[P];
};

/** What a call of route `K` answers. */
export type Answer<K extends RouteKey> = ReplyOf<Contract[K]>;

/** The parts of any call, for code that serves every route. */
export interface AnyCall {
  params?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
}

/** Method and URL of a call. Segments are percent-encoded; unset query values are left out. */
export function locate(serverUrl: string, route: RouteKey, call: AnyCall): { method: string; url: string } {
  const [method = '', path = ''] = routes[route].split(' ');
  const located = path
    .replace(/:(\w+)/g, (_, name: string) => segment(name, call.params?.[name]))
    .replace(/\*$/, () => segments(call.params?.path));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, String(value));
  return { method, url: `${serverUrl}${located}${query.size === 0 ? '' : `?${query}`}` };
}

/** A path of its own, segment by segment; a leading `./` says nothing. */
function segments(path: unknown): string {
  const parts = String(path ?? '').split('/');
  while (parts.length > 1 && parts[0] === '.') parts.shift();
  return parts.map((part) => segment('path', part)).join('/');
}

/** URLs fold `.` and `..` even when encoded, and an empty segment addresses the list: neither can name one thing. */
function segment(name: string, value: unknown): string {
  const text = String(value ?? '');
  if (text === '' || text === '.' || text === '..') {
    throw new AshApiError(400, `${JSON.stringify(text)} can't be the ${name} of anything`, {
      code: 'validation_failed',
    });
  }
  return encodeURIComponent(text);
}
