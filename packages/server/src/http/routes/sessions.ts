/** Sessions: create, read, end, and the moves between their states. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { SessionsRoom } from '../rooms.ts';

type SessionRoutes = Pick<
  Contract,
  | 'createSession'
  | 'listSessions'
  | 'getSession'
  | 'endSession'
  | 'pauseSession'
  | 'resumeSession'
  | 'stopSession'
  | 'interruptSession'
  | 'updateSessionConfig'
  | 'forkSession'
>;

/** The handlers of the session routes. */
export function sessionHandlers(sessions: SessionsRoom): HandlersOf<SessionRoutes> {
  return {
    createSession: async ({ tenantId, body, headers }) => ({
      session: await sessions.create(tenantId, body, idempotencyKeyOf(headers)),
    }),
    listSessions: ({ tenantId, query }) => sessions.list(tenantId, query),
    getSession: async ({ tenantId, params }) => ({ session: await sessions.get(tenantId, params.id) }),
    endSession: async ({ tenantId, params }) => ({ session: await sessions.end(tenantId, params.id) }),
    pauseSession: async ({ tenantId, params }) => ({ session: await sessions.pause(tenantId, params.id) }),
    resumeSession: async ({ tenantId, params }) => ({ session: await sessions.resume(tenantId, params.id) }),
    stopSession: async ({ tenantId, params }) => ({ session: await sessions.stop(tenantId, params.id) }),
    updateSessionConfig: async ({ tenantId, params, body }) => ({
      session: await sessions.configure(tenantId, params.id, body),
    }),
    forkSession: ({ tenantId, params, body, headers }) =>
      sessions.fork(tenantId, params.id, body, idempotencyKeyOf(headers)),
    interruptSession: ({ tenantId, params }) => sessions.interrupt(tenantId, params.id),
  };
}
