/** What the last run of each kind found: kept in chaos-results/, from which the report is written. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { machine } from '../bench/machine.ts';
import type { HistoryKind } from './kinds.ts';
import type { Caught } from './mutations/run-mutations.ts';
import type { Tally } from './tally.ts';

export type Kind = 'mutations' | 'sessions-whole' | 'sessions-quick' | 'memory';

/** What a run of histories found. */
export interface FoundRun {
  kind: HistoryKind;
  database: 'sqlite' | 'postgres';
  tally: Tally;
}

export interface Kept<T> {
  seed: string;
  startedAt: string;
  minutes: number;
  commit: string;
  machine: ReturnType<typeof machine>;
  found: T;
}

const dir = join(process.cwd(), 'chaos-results');
const runsDir = join(dir, 'runs');

interface Given<T> {
  seed: string;
  startedAt: Date;
  found: T;
}

export function keep<T>(kind: Kind, given: Given<T>): void {
  write(join(dir, `${kind}.json`), given);
}

/** All runs are kept, each by its seed. */
export function keepRun(given: Given<FoundRun>): void {
  const { kind, database } = given.found;
  write(join(runsDir, `${kind}-${database}-${given.seed.replaceAll(/[^\w.-]/g, '-')}.json`), given);
}

export function keptRuns(): Kept<FoundRun>[] {
  if (!existsSync(runsDir)) return [];
  const paths = readdirSync(runsDir).map((name) => join(runsDir, name));
  return paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as Kept<FoundRun>);
}

/** The commit that is checked out when the run begins. */
const commit = commitNow();

function write<T>(path: string, { seed, startedAt, found }: Given<T>): void {
  const minutes = Math.round((Date.now() - startedAt.getTime()) / 6000) / 10;
  const kept: Kept<T> = { seed, startedAt: startedAt.toISOString(), minutes, commit, machine: machine(), found };
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(kept, null, 1));
}

/** What became of a mutation, and on what code. */
export type KeptCaught = Caught & { commit: string; kind: HistoryKind };

/** Takes the place of what was known of these mutations; what is known of others stays. */
export function keepCaught(caught: readonly Caught[], run: { seed: string; startedAt: Date; kind: HistoryKind }): void {
  const names = new Set(caught.map(({ name }) => name));
  const before = kept<KeptCaught[]>('mutations');
  const others = (before?.found ?? []).filter(({ name }) => !names.has(name));
  const found = [...others, ...caught.map((one) => ({ ...one, commit, kind: run.kind }))];
  keep('mutations', { ...run, found });
}

function commitNow(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}

/** Undefined when there was no such run. */
export function kept<T>(kind: Kind): Kept<T> | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, `${kind}.json`), 'utf8')) as Kept<T>;
  } catch {
    return undefined;
  }
}
