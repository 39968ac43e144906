/** What is known of a history when it is over: what clients saw, what the model was asked, what lies in the workspace. */
import type { FaultKind, HistoryPlan } from './plan.ts';

/** Events up to one that bears an id. */
export interface Item {
  id: string;
  frames: { event: string; data: string }[];
}

/** What came over one connection. */
export interface Connection {
  /** The id it was opened with. */
  after: string | undefined;
  items: Item[];
  /** Events after the last id. */
  loose: { event: string; data: string }[];
  end: 'open' | 'cut' | 'closed' | 'left';
}

/** What one reader saw, over all its connections. */
export interface View {
  name: string;
  /** Only this turn. */
  turnId?: string;
  /** Whether it asked for previews. */
  previews: boolean;
  connections: Connection[];
}

/** What became of a message that was sent. */
export interface Sent {
  tag: string;
  /** Ids of the turns that the server gave for it, one for each time it was posted and answered with a stream. */
  turnIds: string[];
  /** The code of an answer that refused it for good. */
  refused?: string;
}

/** One request to the model. */
export interface Asked {
  /** Tags of the prompts in the conversation, in order. */
  prompts: string[];
  /** Tags of the turns whose answer is in the conversation. */
  answers: string[];
}

export interface DoneFault {
  kind: FaultKind;
  turn: number;
  at: number;
}

export interface Lease {
  starts: number;
  epoch: number;
  owner: string | null;
}

export interface Evidence {
  plan: HistoryPlan;
  sessionId: string;
  sent: Sent[];
  /** The log, as a reader gets it who comes when all is over. */
  log: Item[];
  /** Sequences that GET messages and GET events tell. */
  messageSeqs: number[];
  eventSeqs: number[];
  views: View[];
  /** What the reader of the SDK was given. */
  sdk: { type: string; data: unknown }[][];
  asked: Asked[];
  marks: string[];
  faults: DoneFault[];
  /** How often an interruption was asked for, by a call or by a message. */
  interrupts: number;
  /** What did not end in time. */
  hung: string[];
  /** What is left of the session after its end. */
  left: string[];
  /** The session's lease epoch and the number of servers started so far, as seen from time to time. */
  leases: Lease[];
}

/** Two facts that can't both be. */
export interface Violation {
  /** The promise that is broken: P1 to P8, or `left` for what is left behind. */
  promise: string;
  /** The check that found it. */
  check: string;
  fact: string;
  against: string;
}
