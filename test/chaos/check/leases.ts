/** Every owner of a session has an epoch of its own, higher than all before: the one thing that is looked up in the database. */
import type { Evidence, Violation } from '../evidence.ts';

export function checkLeases({ leases }: Evidence): Violation[] {
  return leases.flatMap(({ epoch, owner }, index) => {
    const before = leases[index - 1];
    if (before === undefined || before.owner === owner || epoch > before.epoch) return [];
    const fact = `owner ${owner} has the epoch ${epoch}`;
    return [
      { promise: 'P5', check: 'leases', fact, against: `${before.owner}, the owner before, had ${before.epoch}` },
    ];
  });
}
