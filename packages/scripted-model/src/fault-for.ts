// Chooses the fault that a request meets.
import type { Fault } from './step.ts';

/** The fault for the request number `attempt` (from 0) of a step; undefined when the step itself is due. */
export function faultFor(faults: readonly Fault[], attempt: number): Fault | undefined {
  let end = 0;
  for (const fault of faults) {
    end += fault.times === 'always' ? Number.POSITIVE_INFINITY : (fault.times ?? 1);
    if (attempt < end) return fault;
  }
  return undefined;
}
