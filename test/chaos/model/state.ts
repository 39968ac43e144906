/**
 * An executable model of one session: its turns, its log, its lease, its bridge, and the servers that come and go.
 *
 *   client ──accept──► log ◄──commit── server ◄──send── bridge (spool) ◄──produce── runtime
 *                       │                 │ack              │
 *                       ▼                 └─────────────────┘
 *                     reader
 *
 * Only what the promises are about is in it. A state is plain data, so that all of them can be visited.
 */

export type Entry =
  | { kind: 'accepted' | 'started'; turn: number }
  /** Frame `index` of the turn's run; the last one ends the turn. */
  | { kind: 'frame'; turn: number; index: number; run: number }
  /** By the server, when the sandbox is lost. */
  | { kind: 'lost'; turn: number };

export interface Frame {
  n: number;
  turn: number;
  index: number;
  run: number;
}

/** A process of a server. */
export interface Server {
  /** Its lease; 0: none yet. */
  epoch: number;
  /** The turn that it has in hand. */
  turn: number | null;
  /** Whether it is attached to the bridge's present life. */
  attached: boolean;
  /** Frames that came over the socket and are not committed. */
  received: Frame[];
  /** Committed, and not acked yet. */
  toAck: number;
  /** Whether it has taken up what an earlier owner left. */
  tookUp: boolean;
}

export interface Bridge {
  life: number;
  /** The highest epoch that attached. */
  epoch: number;
  /** Frames that are not acked. */
  spool: Frame[];
  lastN: number;
  /** How far it has sent to whoever is attached. */
  sentN: number;
  running: { turn: number; index: number; run: number } | null;
  seen: number[];
}

export interface State {
  log: Entry[];
  /** Per turn: how many frames it has besides its end. */
  frames: number[];
  /** Per turn. */
  status: ('new' | 'queued' | 'running' | 'ended')[];
  /** The lease's epoch, and the newest frame committed, as the database has them. */
  epoch: number;
  frame: { life: number; n: number };
  /** An old process may still be there when the next one works: it was stopped, or its network was. */
  servers: [Server | null, Server | null];
  bridge: Bridge | null;
  /** What a dead bridge left in its spool. */
  remains: { life: number; spool: Frame[] } | null;
  lives: number;
  /** How often each turn's tool ran. */
  effects: number[];
  /** What readers have been shown. */
  shown: Entry[];
  /** Crashes that are left to happen. */
  crashes: number;
  /** Writes by an owner whose lease was gone. */
  staleWrites: number;
  /** Frames acked that were not committed, ever. */
  lostFrames: number;
}

/** What may happen at most. */
export interface Bounds {
  turns: number;
  crashes: number;
  /** Frames of each turn besides its end. Default: one each. */
  frames?: number[];
}

export function initial({ turns, crashes, frames }: Bounds): State {
  return {
    frames: frames ?? Array.from({ length: turns }, () => 1),
    ...{ log: [], shown: [], epoch: 0, frame: { life: 0, n: 0 }, servers: [null, null], bridge: null, remains: null },
    status: Array.from({ length: turns }, () => 'new' as const),
    effects: Array.from({ length: turns }, () => 0),
    ...{ lives: 0, crashes, staleWrites: 0, lostFrames: 0 },
  };
}

/** A state that can be changed; entries and frames are never changed, so they are shared (`structuredClone` takes 20 times as long). */
export function copyOf(state: State): State {
  const { log, status, frame, servers, bridge, effects, shown } = state;
  const [first, second] = servers;
  return {
    ...state,
    ...{ log: [...log], status: [...status], frame: { ...frame }, effects: [...effects], shown: [...shown] },
    servers: [
      first && { ...first, received: [...first.received] },
      second && { ...second, received: [...second.received] },
    ],
    bridge: bridge && { ...bridge, spool: [...bridge.spool], seen: [...bridge.seen] },
  };
}

export function newServer(): Server {
  return { epoch: 0, turn: null, attached: false, received: [], toAck: 0, tookUp: false };
}
