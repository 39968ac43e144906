/** How turns end that the agent runtime did not end. */
import { errors, type TurnEnded } from '@ash-ai/shared';

export const interrupted: TurnEnded = { outcome: 'interrupted' };

/** Its sandbox is gone. */
export function lost(reason: string): TurnEnded {
  const { code, message } = errors.sandbox_lost({ reason });
  return { outcome: 'failed', failure: { code, error: message } };
}

/** Its session was stopped or ended. */
export function cutBy(status: 'stopped' | 'ended'): TurnEnded {
  const { code, message } = errors.turn_interrupted();
  return { outcome: 'interrupted', failure: { code, error: `${message}: the session was ${status}` } };
}
