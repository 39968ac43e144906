/** Every route of the contract with its handler. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import type { Rooms } from '../rooms.ts';
import { agentHandlers } from './agents.ts';
import { healthHandlers } from './health.ts';
import { messageHandlers } from './messages.ts';
import { sessionHandlers } from './sessions.ts';

/** The handlers of the whole contract; does not compile when one is missing. */
export function allHandlers(rooms: Rooms): HandlersOf<Contract> {
  return {
    ...healthHandlers(rooms),
    ...agentHandlers(rooms.agents),
    ...sessionHandlers(rooms.sessions),
    ...messageHandlers(rooms),
  };
}
