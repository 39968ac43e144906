/** Health of the server. */
import type { Contract } from '@ash-ai/shared/contract';
import type { HandlersOf } from '../call.ts';
import type { Rooms } from '../rooms.ts';

/** The handler of the health route. */
export function healthHandlers(rooms: Rooms): HandlersOf<Pick<Contract, 'health'>> {
  return {
    health: () => rooms.health(),
  };
}
