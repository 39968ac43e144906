/** Counts what happened over many histories. */
import type { HistoryOutcome } from './batch.ts';
import { lastOf, told } from './check/told.ts';
import type { Violation } from './evidence.ts';

export interface Tally {
  histories: number;
  turns: number;
  endings: Record<string, number>;
  entries: number;
  /** Connections that readers opened. */
  connections: number;
  marks: number;
  /** Of them, those of calls that the model made again, having been told that a death cut them off. */
  marksAgain: number;
  /** Turns that went on in another sandbox. */
  recovered: number;
  modelRequests: number;
  serverStarts: number;
  faults: Record<string, number>;
  violations: { where: string; violation: Violation }[];
}

export function emptyTally(): Tally {
  return {
    ...{
      histories: 0,
      turns: 0,
      endings: {},
      entries: 0,
      connections: 0,
      marks: 0,
      marksAgain: 0,
      recovered: 0,
      modelRequests: 0,
      serverStarts: 0,
    },
    ...{ faults: {}, violations: [] },
  };
}

/** Adds a history that is over. @param where how to find it again */
export function count(tally: Tally, { evidence, violations }: HistoryOutcome, where: string): void {
  const turns = [...told(evidence).turns.values()];
  tally.histories += 1;
  tally.turns += turns.length;
  for (const { ends } of turns) {
    const { status = 'not at all', code } = ends[0] ?? {};
    const ending = code === undefined ? status : `${status}: ${code}`;
    tally.endings[ending] = (tally.endings[ending] ?? 0) + 1;
  }
  tally.entries += evidence.log.length;
  tally.connections += evidence.views.reduce((sum, { connections }) => sum + connections.length, 0);
  tally.marks += evidence.marks.length;
  tally.marksAgain += evidence.marks.length - new Set(evidence.marks).size;
  tally.recovered += evidence.log.filter((item) => lastOf(item).data.action === 'recovered').length;
  tally.modelRequests += evidence.asked.length;
  for (const { kind } of evidence.faults) tally.faults[kind] = (tally.faults[kind] ?? 0) + 1;
  tally.violations.push(...violations.map((violation) => ({ where, violation })));
}
