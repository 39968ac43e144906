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
  createSession: 'POST /api/sessions',
  listSessions: 'GET /api/sessions',
  getSession: 'GET /api/sessions/:id',
  endSession: 'DELETE /api/sessions/:id',
  pauseSession: 'POST /api/sessions/:id/pause',
  resumeSession: 'POST /api/sessions/:id/resume',
  stopSession: 'POST /api/sessions/:id/stop',
  interruptSession: 'POST /api/sessions/:id/interrupt',
  sendMessage: 'POST /api/sessions/:id/messages',
  listMessages: 'GET /api/sessions/:id/messages',
  listSessionEvents: 'GET /api/sessions/:id/events',
  followSession: 'GET /api/sessions/:id/stream',
};

/** Calls that create something: they carry an Idempotency-Key, so that repeating them is safe. */
export const creating: ReadonlySet<RouteKey> = new Set<RouteKey>(['deployAgent', 'createSession', 'sendMessage']);

/** Calls that may be repeated by their meaning, although they aren't reads. */
export const repeatable: ReadonlySet<RouteKey> = new Set<RouteKey>(['endSession', 'resumeSession']);

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
  const located = path.replace(/:(\w+)/g, (_, name: string) => segment(name, call.params?.[name]));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, String(value));
  return { method, url: `${serverUrl}${located}${query.size === 0 ? '' : `?${query}`}` };
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
