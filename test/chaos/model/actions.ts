/** What may happen in a state, and what it leads to. With a variant, one of the rules is broken. */
import { copyOf, type Entry, type Frame, newServer, type Server, type State } from './state.ts';

/** Rules that can be broken, to show that the invariants notice. */
export const variants = [
  'ack before commit',
  'no fencing',
  'reuse an epoch',
  'no recognition of replayed frames',
  'deliver before commit',
  'drop a spooled frame',
  'run again what was begun',
  'end again what has ended',
  'forget the remains',
] as const;
export type Variant = (typeof variants)[number];

export interface Step {
  action: string;
  next: State;
}

/** All steps from a state. */
export function steps(state: State, variant?: Variant): Step[] {
  const found: Step[] = [];
  const step = (action: string, change: (next: State) => void): void => {
    const next = copyOf(state);
    change(next);
    found.push({ action, next });
  };
  clientSteps(state, step);
  for (const at of [0, 1] as const) {
    const server = state.servers[at];
    // A second server comes when the first is taken for dead, which it may not be.
    if (server === null) {
      if (at === 0 || state.crashes > 0)
        step(`start server ${at}`, (next) => {
          next.servers[at] = newServer();
          if (at === 1 && next.servers[0] !== null) next.crashes -= 1;
        });
    } else serverSteps(state, at, server, step, variant);
  }
  bridgeSteps(state, step, variant);
  return found;
}

type Take = (action: string, change: (next: State) => void) => void;

function clientSteps(state: State, step: Take): void {
  const turn = state.status.indexOf('new');
  if (turn !== -1) {
    step(`accept ${turn}`, (next) => {
      next.status[turn] = 'queued';
      append(next, { kind: 'accepted', turn });
    });
  }
}

function serverSteps(state: State, at: 0 | 1, server: Server, step: Take, variant: Variant | undefined): void {
  const on = (next: State): Server => next.servers[at] ?? newServer();
  const owns = (next: State): boolean => variant === 'no fencing' || on(next).epoch === next.epoch;
  const { bridge, remains } = state;

  if (state.crashes > 0) {
    step(`crash server ${at}`, (next) => {
      next.servers[at] = null;
      next.crashes -= 1;
    });
  }
  if (server.epoch === 0) {
    step(`server ${at} takes the lease`, (next) => {
      if (variant !== 'reuse an epoch' || next.epoch === 0) next.epoch += 1;
      on(next).epoch = next.epoch;
    });
    return;
  }
  if (!owns(state)) step(`server ${at} learns that its lease is gone`, (next) => refuse(next, at));
  if (!server.attached && bridge !== null && server.epoch >= bridge.epoch) {
    step(`server ${at} attaches`, (next) => {
      const there = next.bridge;
      if (there === null) return;
      there.epoch = server.epoch;
      const known = next.frame.life === there.life ? next.frame.n : 0;
      there.spool = there.spool.filter(({ n }) => n > known);
      there.sentN = variant === 'drop a spooled frame' && there.spool.length > 0 ? known + 1 : known;
      for (const other of next.servers) if (other !== null) other.attached = false;
      const mine = on(next);
      mine.attached = true;
      mine.received = [];
      mine.toAck = 0;
      takeUp(next, mine);
    });
  }
  if (bridge === null && remains !== null && owns(state)) {
    step(`server ${at} reads the remains`, (next) => {
      if (variant !== 'forget the remains')
        for (const frame of remains.spool) commit(next, frame, remains.life, variant);
      next.remains = null;
      takeUp(next, on(next));
    });
  }
  if (bridge === null && remains === null && !server.tookUp)
    step(`server ${at} finds no sandbox`, (next) => takeUp(next, on(next)));
  if (!server.tookUp) return;

  const running = state.status.indexOf('running');
  const queued = state.status.indexOf('queued');
  if (server.turn === null && running === -1 && queued !== -1) {
    step(`server ${at} starts ${queued}`, (next) => {
      if (!owns(next)) return refuse(next, at);
      next.status[queued] = 'running';
      append(next, { kind: 'started', turn: queued });
      on(next).turn = queued;
    });
  }
  const { turn } = server;
  if (turn !== null && state.status[turn] === 'ended') {
    step(`server ${at} is done with ${turn}`, (next) => {
      on(next).turn = null;
      if (
        variant === 'end again what has ended' &&
        state.log.filter((entry) => entry.turn === turn && entry.kind === 'lost').length === 0
      )
        append(next, { kind: 'lost', turn });
    });
  }
  if (turn !== null && state.status[turn] === 'running') {
    const begun = state.log.some((entry) => entry.kind === 'frame' && entry.turn === turn);
    if (bridge === null && remains === null) {
      if (begun && owns(state)) {
        step(`server ${at} goes on with ${turn} in a new sandbox`, (next) => {
          const committed = next.log.filter((entry) => entry.kind === 'frame' && entry.turn === turn).length;
          next.lives += 1;
          const running = { turn, index: committed, run: next.lives };
          next.bridge = { life: next.lives, epoch: server.epoch, spool: [], lastN: 0, sentN: 0, running, seen: [turn] };
          Object.assign(on(next), { attached: true, received: [] });
        });
      }
      if (begun && variant !== 'run again what was begun') {
        step(`server ${at} ends ${turn}: lost`, (next) => {
          if (!owns(next)) return refuse(next, at);
          next.status[turn] = 'ended';
          append(next, { kind: 'lost', turn });
        });
      } else if (owns(state)) {
        step(`server ${at} opens a sandbox`, (next) => {
          next.lives += 1;
          next.bridge = {
            life: next.lives,
            epoch: server.epoch,
            spool: [],
            lastN: 0,
            sentN: 0,
            running: null,
            seen: [],
          };
          on(next).attached = true;
          on(next).received = [];
        });
      }
    }
    if (server.attached && bridge !== null && !bridge.seen.includes(turn) && bridge.running === null) {
      step(`server ${at} gives ${turn} to the bridge`, (next) => {
        next.bridge?.seen.push(turn);
        if (next.bridge !== null) next.bridge.running = { turn, index: 0, run: next.bridge.life };
      });
    }
  }
  const waiting = bridge?.spool.find(({ n }) => n > bridge.sentN);
  if (server.attached && waiting !== undefined) {
    step(`server ${at} receives frame ${waiting.n}`, (next) => {
      on(next).received.push(waiting);
      if (next.bridge !== null) next.bridge.sentN = waiting.n;
      if (variant === 'ack before commit' && next.bridge !== null)
        next.bridge.spool = next.bridge.spool.filter(({ n }) => n > waiting.n);
      if (variant === 'deliver before commit') next.shown.push(entryOf(waiting));
    });
  }
  const [first] = server.received;
  if (first !== undefined) {
    step(`server ${at} commits frame ${first.n}`, (next) => {
      const mine = on(next);
      mine.received.shift();
      if (!owns(next)) return refuse(next, at);
      if (mine.epoch !== next.epoch) next.staleWrites += 1;
      commit(next, first, bridge?.life ?? next.lives, variant);
      if (mine.attached) mine.toAck = first.n;
    });
  }
  if (server.attached && server.toAck > 0 && bridge !== null) {
    step(`server ${at} acks ${server.toAck}`, (next) => {
      if (next.bridge !== null) next.bridge.spool = next.bridge.spool.filter(({ n }) => n > server.toAck);
      on(next).toAck = 0;
    });
  }
}

function bridgeSteps(state: State, step: Take, variant: Variant | undefined): void {
  const { bridge } = state;
  if (bridge === null) return;
  if (bridge.running !== null) {
    const { turn, index, run } = bridge.running;
    step(`the bridge says ${turn}.${index}`, (next) => {
      const there = next.bridge;
      if (there === null) return;
      there.lastN += 1;
      there.spool.push({ n: there.lastN, turn, index, run });
      if (index === 0) next.effects[turn] = (next.effects[turn] ?? 0) + 1;
      there.running = index === next.frames[turn] ? null : { turn, index: index + 1, run };
    });
  }
  if (state.crashes > 0) {
    step('crash the bridge', (next) => {
      next.remains =
        variant === 'forget the remains'
          ? { life: bridge.life, spool: [] }
          : { life: bridge.life, spool: bridge.spool };
      next.bridge = null;
      next.crashes -= 1;
      for (const server of next.servers) {
        if (server === null) continue;
        // What came over the socket is in the spool too, and is read from there.
        Object.assign(server, { attached: false, received: [], toAck: 0 });
      }
    });
  }
}

/** The owner has the running turn in hand from now on. */
function takeUp(next: State, server: Server): void {
  server.tookUp = true;
  const running = next.status.indexOf('running');
  server.turn = running === -1 ? null : running;
}

function commit(next: State, frame: Frame, life: number, variant: Variant | undefined): void {
  const known = next.frame.life === life && frame.n <= next.frame.n;
  if (known && variant !== 'no recognition of replayed frames') return;
  next.frame = { life, n: frame.n };
  append(next, entryOf(frame));
  if (frame.index === next.frames[frame.turn]) next.status[frame.turn] = 'ended';
}

function entryOf({ turn, index, run }: Frame): Entry {
  return { kind: 'frame', turn, index, run };
}

function append(next: State, entry: Entry): void {
  next.log.push(entry);
  // Readers are there all the time; what they are shown too early stays shown.
  if (next.shown.length < next.log.length) next.shown.push(entry);
}

/** A stale owner is told so, and lets go. */
function refuse(next: State, at: 0 | 1): void {
  next.servers[at] = null;
}
