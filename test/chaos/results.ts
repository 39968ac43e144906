/** What the last run of each kind found: kept in chaos-results/, from which the report is written. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { machine } from '../bench/machine.ts';

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
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const minutes = Math.round((Date.now() - startedAt.getTime()) / 6000) / 10;
  const kept: Kept<T> = { seed, startedAt: startedAt.toISOString(), minutes, commit, machine: machine(), found };
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, `${kind}.json`), JSON.stringify(kept, null, 1));
}

/** Undefined when there was no such run. */
export function kept<T>(kind: Kind): Kept<T> | undefined {
  try {
    return JSON.parse(readFileSync(join(dir, `${kind}.json`), 'utf8')) as Kept<T>;
  } catch {
    return undefined;
  }
}
