/** The contract table: every route of Ash, from which validation, client types and the OpenAPI document derive. */
import type { z } from 'zod';
import { agentRoutes, type agentSchema } from './api/agents.ts';
import { healthRoutes } from './api/health.ts';
import { messageRoutes, type messageSchema, type sessionEventSchema } from './api/messages.ts';
import type { ReplyOf } from './api/route.ts';
import { type sessionConfigSchema, sessionRoutes, type sessionSchema } from './api/sessions.ts';

export {
  bodyErrors,
  commonErrors,
  defaultBodyLimitBytes,
  type Given,
  keyErrors,
  type Parsed,
  type ReplyOf,
  type Route,
} from './api/route.ts';
export { permissionModes, type SessionStatus, sessionStatuses } from './api/sessions.ts';

export const contract = { ...healthRoutes, ...agentRoutes, ...sessionRoutes, ...messageRoutes };
export type Contract = typeof contract;

export type Agent = z.output<typeof agentSchema>;
export type Session = z.output<typeof sessionSchema>;
export type SessionConfig = z.output<typeof sessionConfigSchema>;
export type Message = z.output<typeof messageSchema>;
export type SessionEvent = z.output<typeof sessionEventSchema>;
export type Health = ReplyOf<Contract['health']>;
