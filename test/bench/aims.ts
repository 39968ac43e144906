/** The aims of the benchmarks, and whether a run reaches them. Pure. */
import type { Figures, Results } from './measure.ts';

export interface Verdict {
  /** The aim in words, with the ratio where it is one. */
  aim: string;
  hit: boolean;
}

type Point = 'p50' | 'p95' | 'p99';
/** Undefined where what it needs was not measured. */
type Aim = (results: Results, own: Figures) => Verdict | undefined;

/** At most so much, by percentile. */
const atMost =
  (limits: Partial<Record<Point, number>>): Aim =>
  (_results, own) => {
    const asked = Object.entries(limits) as [Point, number][];
    return {
      aim: `≤ ${asked.map(([, limit]) => limit).join(' / ')} ${own.unit} (${asked.map(([point]) => point).join(' / ')})`,
      hit: asked.every(([point, limit]) => own[point] <= limit),
    };
  };

const atLeast =
  (limit: number): Aim =>
  (_results, own) => ({ aim: `≥ ${limit} ${own.unit}`, hit: own.p50 >= limit });

/** The median beside that of a baseline of the same run. */
const ratio =
  (baseline: string, { most, least }: { most?: number; least?: number }): Aim =>
  (results, own) => {
    const other = results[baseline]?.p50;
    if (other === undefined) return undefined;
    const found = own.p50 / other;
    const [sign, limit] = most === undefined ? ['≥', least ?? 0] : ['≤', most];
    return {
      aim: `${sign} ${limit.toFixed(2)} × ${baseline.trim()}: ${found.toFixed(2)}`,
      hit: most === undefined ? found >= limit : found <= limit,
    };
  };

/** At most so much more than another figure. */
const over =
  (base: string, most: number): Aim =>
  (results, own) => {
    const other = results[base]?.p50;
    if (other === undefined) return undefined;
    return {
      aim: `≤ ${most} ${own.unit} over nothing asleep: ${(own.p50 - other).toFixed(0)}`,
      hit: own.p50 - other <= most,
    };
  };

const wall = 'memory per awake session: wall (of 10)';
/** Bridge and wall together. */
const beyondTheRuntime: Aim = (results, own) => {
  const walls = results[wall]?.p50;
  if (walls === undefined) return undefined;
  const sum = own.p50 + walls;
  return { aim: `≤ 30 MB with its wall: ${sum.toFixed(1)}`, hit: sum <= 30 };
};

/** Where files can't be copied by reference. */
const oneCopy = ratio('  tar | tar alone', { most: 1 });

const aims: Readonly<Record<string, Aim>> = {
  'POST session, one after another': atMost({ p50: 5, p99: 30 }),
  'create → first event of the agent, a runtime waits': atMost({ p50: 200 }),
  'create → first event of the agent, cold': ratio('  SDK alone', { most: 1.1 }),
  '  Ash on top (pairwise)': atMost({ p50: 2, p95: 6 }),
  'warm: POST → first byte': atMost({ p50: 3 }),
  'previews through one stream': ratio('  SDK alone, stream events', { least: 0.9 }),
  '1000 readers of one session: behind the first': atMost({ p99: 50 }),
  "500 sessions, a reader each: behind the writer's answer": atMost({ p99: 50 }),
  'GET session (32 connections)': atLeast(10_000),
  'GET health (the same)': atLeast(10_000),
  'server start to healthy, empty': atMost({ p50: 300 }),
  'server start to healthy, 10,000 asleep': atMost({ p50: 600 }),
  'memory: server, nothing awake': atMost({ p50: 90 }),
  'memory: server, 10,000 asleep': over('memory: server, nothing awake', 40),
  'asleep: message → first event of the agent': ratio('  SDK alone, resume', { most: 1.1 }),
  '50 sessions, first message at once: sessions': ratio('  SDK alone, sessions', { least: 0.9 }),
  'memory per awake session: bridge (of 10)': beyondTheRuntime,
  'large workspace: fork, parent awake': oneCopy,
  'large workspace: fork, parent asleep': oneCopy,
  'large workspace on XFS: fork, parent awake': atMost({ p50: 100 }),
  'large workspace on XFS: fork, parent asleep': atMost({ p50: 100 }),
};

/** What the aim of a figure is, if it has one, and whether this run reaches it. */
export function verdictOn(name: string, results: Results): Verdict | undefined {
  const own = results[name];
  return own && aims[name]?.(results, own);
}

/** Aims whose figures are not in a run: it was not a whole one. */
export function unmeasured(results: Results): string[] {
  return Object.keys(aims).filter((name) => results[name] === undefined);
}
