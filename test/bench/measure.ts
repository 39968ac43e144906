/** Figures of repeated measurements. */

export interface Figures {
  n: number;
  p50: number;
  p95: number;
  p99: number;
  unit: 'ms' | 'MB' | '/s' | '×';
}

/** Figures by what they are of; two blanks before a name: the baseline of the line above, or a part of it. */
export type Results = Record<string, Figures>;

/** The figures of a list of values. */
export function figuresOf(values: readonly number[], unit: Figures['unit']): Figures {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { n: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), unit };
}

/** Runs `work` `n` times after `warmUp` times that don't count; each returns what it measured. */
export async function repeat<T>(n: number, work: (index: number) => Promise<T>, warmUp = 1): Promise<T[]> {
  for (let index = 0; index < warmUp; index += 1) await work(-1 - index);
  const results: T[] = [];
  for (let index = 0; index < n; index += 1) results.push(await work(index));
  return results;
}

/** The time that something takes, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
