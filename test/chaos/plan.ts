/** What is to happen in a history: drawn from a seed before anything runs, so that the same seed does the same again. */
import { Random } from './random.ts';

/** Places in a turn's life that faults and clients wait for. */
export type Point = 'posted' | 'accepted' | 'model' | 'entry' | 'preview' | 'ended';

/** The `nth` time that a turn comes to a point, and some time after it. */
export interface Trigger {
  turn: number;
  point: Point;
  nth: number;
  delayMs: number;
}

export const faultKinds = [
  'server kill',
  'server term',
  'server stop',
  'bridge kill',
  'bridge stop',
  'runtime kill',
  'runtime stop',
  'sandbox kill',
  'server and bridge kill',
  'server and sandbox kill',
  'connection cut',
  'clock jump',
  'database kill',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Whether it kills a process of the session's sandbox. */
export function killsSandbox(kind: FaultKind): boolean {
  return /\b(bridge|runtime|sandbox) kill$/.test(kind);
}

/** How many deaths it brings, of servers and of sandboxes. */
export function deathsBy(kind: FaultKind): number {
  return (killsSandbox(kind) ? 1 : 0) + (/^server (kill|term|and)\b/.test(kind) || kind === 'database kill' ? 1 : 0);
}

export interface FaultPlan {
  kind: FaultKind;
  at: Trigger;
  /** How long it is stopped, or away. */
  ms: number;
}

/** What goes wrong at the model before it answers. */
export type ModelFault = { status: 529 } | { cut: number } | { error: number } | { hang: number };

export interface TurnPlan {
  /** Unique in the run; it stands in the prompt, in the answers and in the marks. */
  tag: string;
  /** Calls of a tool, one a model request; each leaves a mark. How long each takes, in ms. */
  toolMs: number[];
  /** Length of the answer, and how it is streamed. */
  answer: { words: number; chunk: number; delayMs: number };
  modelFault: ModelFault | undefined;
  /** Sent while the turn before may still run. */
  queued: boolean;
  whenBusy: 'queue' | 'interrupt';
  interrupt: Trigger | undefined;
  /** How often the same message is posted once more, with the same key. */
  reposts: number;
  /** After so many items the sender's own connection is dropped for good. */
  vanishAfter: number | undefined;
}

export interface FollowerPlan {
  kind: 'steady' | 'leaver' | 'slow' | 'from the start' | 'sdk';
  previews: boolean;
  /** For `leaver` and `from the start`: items after which it goes away, and for how long. */
  items: number;
  awayMs: number;
}

export interface HistoryPlan {
  seed: string;
  turns: TurnPlan[];
  followers: FollowerPlan[];
  faults: FaultPlan[];
}

/** How often each kind of fault is drawn; what is absent is not. */
export type FaultWeights = Partial<Record<FaultKind, number>>;

export const usualFaults: FaultWeights = {
  'server kill': 26,
  'server term': 10,
  'server stop': 8,
  'bridge kill': 13,
  'bridge stop': 6,
  'runtime kill': 13,
  'runtime stop': 6,
  'sandbox kill': 8,
  'server and bridge kill': 4,
  'server and sandbox kill': 4,
  'connection cut': 8,
  'clock jump': 4,
};

/** When many histories share a server, each meets the faults of all others: each of them brings fewer. */
export const sharedFaults: FaultWeights = {
  ...usualFaults,
  ...{ 'server kill': 4, 'server term': 2, 'server stop': 2, 'clock jump': 2 },
  ...{ 'server and bridge kill': 2, 'server and sandbox kill': 2 },
};

export interface PlanOptions {
  faults: FaultWeights;
  /** Turns beside the last one, which no fault of its own history meets. Default: 2 to 4. */
  turns?: number;
}

/** The plan of one history. @param name unique in the run, made of letters and digits */
export function planHistory(seed: string, name: string, options: PlanOptions): HistoryPlan {
  const random = new Random(seed);
  const count = options.turns ?? random.int(2, 4);
  const turns = Array.from({ length: count }, (_, index) => planTurn(random, `${name}t${index + 1}`, index));
  turns.push(lastTurn(`${name}t${count + 1}`));
  const followers: FollowerPlan[] = [{ kind: 'steady', previews: true, items: 0, awayMs: 0 }];
  for (let more = random.int(0, 2); more > 0; more -= 1) followers.push(planFollower(random));
  const faults = Array.from({ length: random.int(1, 3) }, () => planFault(random, options.faults, count));
  return { seed, turns, followers, faults };
}

function planTurn(random: Random, tag: string, index: number): TurnPlan {
  const interrupted = random.chance(0.1);
  const hangs = interrupted && random.chance(0.3);
  const usual = random.pick<ModelFault | undefined>([
    [undefined, 82],
    [{ status: 529 }, 6],
    [{ cut: random.int(0, 6) }, 6],
    [{ error: random.int(0, 6) }, 6],
  ]);
  return {
    tag,
    toolMs: Array.from({ length: random.int(0, 2) }, () => random.int(0, 250)),
    answer: { words: random.int(2, 30), chunk: random.int(2, 9), delayMs: random.int(0, 12) },
    modelFault: hangs ? { hang: random.int(0, 4) } : usual,
    queued: index > 0 && random.chance(0.35),
    whenBusy: random.chance(0.1) ? 'interrupt' : 'queue',
    interrupt: interrupted
      ? { turn: index, point: hangs ? 'model' : anyPoint(random), nth: 1, delayMs: random.int(0, 200) }
      : undefined,
    reposts: random.chance(0.25) ? random.int(1, 2) : 0,
    vanishAfter: random.chance(0.25) ? random.int(1, 8) : undefined,
  };
}

/** Shows that the session works after all that, and that its conversation and files are there. */
function lastTurn(tag: string): TurnPlan {
  const calm = { modelFault: undefined, queued: false, whenBusy: 'queue', interrupt: undefined } as const;
  return {
    tag,
    toolMs: [0],
    answer: { words: 3, chunk: 8, delayMs: 0 },
    ...calm,
    reposts: 0,
    vanishAfter: undefined,
  };
}

function planFollower(random: Random): FollowerPlan {
  const kind = random.pick<FollowerPlan['kind']>([
    ['leaver', 4],
    ['slow', 2],
    ['from the start', 2],
    ['sdk', 2],
  ]);
  return { kind, previews: random.chance(0.6), items: random.int(1, 15), awayMs: random.int(0, 400) };
}

function planFault(random: Random, weights: FaultWeights, turns: number): FaultPlan {
  const kind = random.pick(Object.entries(weights) as [FaultKind, number][]);
  const turn = random.int(0, turns - 1);
  const point = random.pick<Point>([
    ['posted', kind.startsWith('server') || kind.startsWith('database') ? 2 : 0],
    ['accepted', 2],
    ['model', 3],
    ['entry', 5],
    ['preview', 3],
    ['ended', 1],
  ]);
  const nth =
    point === 'entry'
      ? random.int(1, 8)
      : point === 'preview'
        ? random.int(1, 20)
        : point === 'model'
          ? random.int(1, 2)
          : 1;
  // Half of them strike at once: that is when what was just said is not yet safe.
  const delayMs = random.chance(0.5) ? 0 : random.int(1, 250);
  return { kind, at: { turn, point, nth, delayMs }, ms: random.int(20, 900) };
}

function anyPoint(random: Random): Point {
  return random.pick<Point>([
    ['accepted', 1],
    ['model', 1],
    ['entry', 2],
    ['preview', 2],
  ]);
}
