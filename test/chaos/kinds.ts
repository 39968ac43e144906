/** Kinds of histories: what is real in them, and how many share a server. */
import { type FaultWeights, sharedFaults, usualFaults } from './plan.ts';

/**
 * In `whole` ones everything is real but the model. In `quick` ones the agent runtime's executable is ./light-runtime, which
 * starts in a tenth of the time; server, database, bridge with the Agent SDK, sockets, walls and tools are the real ones.
 */
export type HistoryKind = 'whole' | 'quick';

interface Sharing {
  /** Histories of one batch: few enough that a replay is quick, enough to share the cost of a server. */
  batch: number;
  parallel: number;
  faults: FaultWeights;
}

export const histories: Readonly<Record<HistoryKind, Sharing>> = {
  whole: { batch: 12, parallel: 4, faults: usualFaults },
  quick: { batch: 64, parallel: 16, faults: sharedFaults },
};
