/** What the last run of each kind found: kept in chaos-results/, from which the report is written. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../bench/machine.ts';
import type { Caught } from './mutations/run-mutations.ts';

export const kinds = ['sqlite', 'postgres', 'mutations', 'sessions', 'memory'] as const;
export type Kind = (typeof kinds)[number];

export interface Kept<T> {
  seed: string;
  startedAt: string;
  minutes: number;
  commit: string;
  machine: ReturnType<typeof machine>;
  found: T;
}

const dir = join(process.cwd(), 'chaos-results');

export function keep<T>(kind: Kind, { seed, startedAt, found }: { seed: string; startedAt: Date; found: T }): void {
  const commit = commitNow();
  const minutes = Math.round((Date.now() - startedAt.getTime()) / 6000) / 10;
  const kept: Kept<T> = { seed, startedAt: startedAt.toISOString(), minutes, commit, machine: machine(), found };
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${kind}.json`), JSON.stringify(kept, null, 1));
}

/** What became of a mutation, and on what code. */
export type KeptCaught = Caught & { commit: string };

/** Takes the place of what was known of these mutations; what is known of others stays. */
export function keepCaught(caught: readonly Caught[], run: { seed: string; startedAt: Date }): void {
  const names = new Set(caught.map(({ name }) => name));
  const before = kept<KeptCaught[]>('mutations');
  const others = (before?.found ?? []).filter(({ name }) => !names.has(name));
  const found = [
    ...others.map((other) => ({ ...other, commit: other.commit ?? before?.commit })),
    ...caught.map((one) => ({ ...one, commit: commitNow() })),
  ];
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
