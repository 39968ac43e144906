/** P6 and the promise to leave nothing: everything ends, and every turn's stream ends with `done`. */
import type { Evidence, Violation } from '../evidence.ts';
import { isDone } from '../reader.ts';

export function checkEndings(evidence: Evidence): Violation[] {
  const found: Violation[] = [
    ...evidence.hung.map((fact) => ({
      promise: 'P6',
      check: 'endings',
      fact,
      against: 'everything ends in bounded time',
    })),
    ...evidence.left.map((fact) => ({ promise: 'left', check: 'left', fact, against: 'the session has ended' })),
  ];
  if (evidence.hung.length > 0) return found;
  for (const { name, turnId, connections } of evidence.views) {
    const last = connections.at(-1);
    if (turnId === undefined || last === undefined || last.end === 'left' || isDone(last)) continue;
    found.push({
      promise: 'P6',
      check: 'endings',
      fact: `the stream of ${name} ended without done (${last.end})`,
      against: 'its turn has ended',
    });
  }
  return found;
}
