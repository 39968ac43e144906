/** The log of a history against the model (../model): it must be a path of it, with no more deaths than were inflicted. */
import type { Evidence, Violation } from '../evidence.ts';
import { type Label, unexplained } from '../model/trace.ts';
import { deathsBy } from '../plan.ts';
import { lastOf, told } from './told.ts';

export function checkTrace(evidence: Evidence): Violation[] {
  const turns = [...told(evidence).turns.values()];
  // What never began has no trace beyond its acceptance and its end.
  const index = new Map(
    turns.filter(({ startedSeqs }) => startedSeqs.length > 0).map(({ turnId }, place) => [turnId, place]),
  );
  const labels: (Label & { seq: string })[] = [];
  let current: number | undefined;
  for (const item of evidence.log) {
    const { event, data } = lastOf(item);
    const turn = index.get(data.turnId);
    const note = (kind: Label['kind'], of: number): void => void labels.push({ kind, turn: of, seq: item.id });
    if (event === 'message' && current !== undefined) note('said', current);
    if (turn === undefined) continue;
    if (event === 'turn_accepted') note('accepted', turn);
    else if (event === 'turn_started') {
      note('started', turn);
      current = turn;
    } else if (event === 'done') {
      const code = turns.find(({ turnId }) => turnId === data.turnId)?.ends[0]?.code;
      note(code === 'sandbox_lost' ? 'lost' : 'end', turn);
      current = undefined;
    }
  }
  const crashes = evidence.faults.reduce((sum, { kind }) => sum + deathsBy(kind), 0);
  const at = unexplained(labels, { crashes });
  if (at === undefined) return [];
  const { kind, turn, seq } = labels[at] ?? { kind: '', turn: -1, seq: '' };
  const fact = `entry ${seq} is: turn ${turn} ${kind}`;
  return [{ promise: 'P1', check: 'model', fact, against: `no path of the model leads there, with ${crashes} deaths` }];
}
