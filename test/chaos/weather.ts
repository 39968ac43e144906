/** Settings of the servers that a batch runs under, drawn from its seed: what is not a fault, and still changes what a fault meets. */
import { Random } from './random.ts';

export function weatherOf(seed: string): Record<string, string> {
  const random = new Random(`${seed}/weather`);
  return {
    // With spares a session is woken in a sandbox that waited for it, without in one that is raised for it.
    ...(random.chance(0.5) ? { ASH_SPARES: 'off' } : {}),
    // Sessions fall asleep between their turns, and are woken by the next one.
    ...(random.chance(0.4) ? { ASH_IDLE_TIMEOUT_MS: String(random.int(1, 1500)) } : {}),
  };
}
