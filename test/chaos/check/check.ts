/** All checks of a history. They know the plan and the evidence, and nothing of how Ash works. */
import type { Evidence, Violation } from '../evidence.ts';
import { checkAccepted } from './accepted.ts';
import { checkEndings } from './endings.ts';
import { checkLeases } from './leases.ts';
import { checkReaders } from './readers.ts';
import { checkRemembered } from './remembered.ts';
import { checkTrace } from './trace.ts';
import { checkWhole } from './whole.ts';

export function check(evidence: Evidence): Violation[] {
  // What hangs is not whole, and that says nothing more; what readers saw must be right all the same.
  if (evidence.hung.length > 0) return [...checkEndings(evidence), ...checkReaders(evidence)];
  return [
    ...checkEndings(evidence),
    ...checkAccepted(evidence),
    ...checkReaders(evidence),
    ...checkLeases(evidence),
    ...checkWhole(evidence),
    ...checkRemembered(evidence),
    ...checkTrace(evidence),
  ];
}
