/** Many histories, batch after batch, with a line of progress for each and the facts of each violation. */
import { join } from 'node:path';
import { type BatchOutcome, type HistoryOutcome, runBatch } from './batch.ts';
import type { Violation } from './evidence.ts';
import { type HistoryKind, histories as kinds } from './kinds.ts';
import { LightRuntime } from './light-runtime-folder.ts';
import { usualFaults } from './plan.ts';
import { count, emptyTally, type Tally } from './tally.ts';
import { weatherOf } from './weather.ts';

export interface RunOptions {
  seed: string;
  kind: HistoryKind;
  histories: number;
  /** Overrules `histories`, in ms. */
  forMs?: number | undefined;
  batch?: number | undefined;
  parallel: number;
  database: 'sqlite' | 'postgres';
  dir: string;
  /** No more histories are begun once it is fired. */
  signal: AbortSignal;
  say: (line: string) => void;
  /** Called after each batch, so that a run that is broken off has counted something. */
  onBatch?: (tally: Tally) => void;
}

export async function run(options: RunOptions): Promise<Tally> {
  const { kind, histories, forMs, database } = options;
  const tally = emptyTally();
  const signal = forMs === undefined ? options.signal : AbortSignal.any([AbortSignal.timeout(forMs), options.signal]);
  using light = kind === 'quick' ? await LightRuntime.make() : undefined;
  const { batch: size, faults: usual } = kinds[kind];
  const faults = database === 'postgres' ? { ...usual, 'database kill': kind === 'quick' ? 5 : 20 } : usual;
  const more = (number: number): boolean => !signal.aborted && (forMs !== undefined || (number - 1) * size < histories);
  const numbers = options.batch === undefined ? undefined : [options.batch];
  for (let number = options.batch ?? 1; numbers?.includes(number) ?? more(number); number += 1) {
    const left = numbers === undefined && forMs === undefined ? histories - (number - 1) * size : size;
    const seed = `${options.seed}/${number}`;
    await runOne(tally, { ...options, signal }, number, (onHistory) =>
      runBatch({
        ...{ seed, histories: Math.min(size, left), parallel: options.parallel, database, faults, signal },
        ...{
          dir: join(options.dir, `batch-${number}`),
          executable: light?.executable,
          env: weatherOf(seed),
          onHistory,
        },
      }),
    );
    options.onBatch?.(tally);
  }
  return tally;
}

/** A batch that breaks off for a reason of its own is a violation too: nobody knows what it would have shown. */
async function runOne(
  tally: Tally,
  options: RunOptions,
  number: number,
  batch: (onHistory: (history: HistoryOutcome) => void) => Promise<BatchOutcome>,
): Promise<void> {
  const { say } = options;
  const dir = join(options.dir, `batch-${number}`);
  try {
    const outcome = await batch((history) => {
      count(tally, history, `batch ${number}, ${history.name}`);
      say(lineOf(number, history, tally));
      for (const violation of history.violations) tell(violation, { ...options, number, history, dir });
    });
    tally.serverStarts += outcome.serverStarts;
    for (const violation of outcome.violations) {
      tally.violations.push({ where: `batch ${number}`, violation });
      tell(violation, { ...options, number, history: undefined, dir });
    }
  } catch (cause) {
    const fact = `it broke off: ${cause instanceof Error ? cause.stack : cause}`;
    const violation = { promise: 'harness', check: 'batch', fact, against: 'every batch comes to its end' };
    tally.violations.push({ where: `batch ${number}`, violation });
    tell(violation, { ...options, number, history: undefined, dir });
  }
}

/** Many sessions with a number of turns each on one server, under kills of whatever is drawn. */
export async function runSessions(
  options: Omit<RunOptions, 'histories' | 'forMs' | 'batch'> & { sessions: number; turns: number },
): Promise<Tally> {
  const { seed, sessions, turns, parallel, database, dir, say, kind } = options;
  const tally = emptyTally();
  const again = `--sessions ${sessions} --turns ${turns}`;
  using light = kind === 'quick' ? await LightRuntime.make() : undefined;
  const outcome = await runBatch({
    // The last turn of a history comes on top of those that are drawn.
    ...{ seed: `${seed}/sessions`, histories: sessions, turns: turns - 1, parallel, database, dir },
    ...{ faults: kind === 'quick' ? kinds.quick.faults : usualFaults, executable: light?.executable },
    onHistory: (history) => {
      count(tally, history, history.name);
      say(lineOf(1, history, tally));
      for (const violation of history.violations) tell(violation, { ...options, number: 1, history, again });
    },
  });
  tally.serverStarts = outcome.serverStarts;
  tally.violations.push(...outcome.violations.map((violation) => ({ where: 'all sessions', violation })));
  return tally;
}

function lineOf(number: number, { name, evidence, violations }: HistoryOutcome, tally: Tally): string {
  const faults = evidence.faults.map(({ kind }) => kind).join(', ') || 'no fault of its own met it';
  const verdict = violations.length === 0 ? 'ok' : 'VIOLATED';
  return `${String(tally.histories).padStart(5)}  ${`${number}/${name}`.padEnd(8)} ${verdict.padEnd(9)} ${String(evidence.log.length).padStart(4)} entries  ${faults}`;
}

function tell(
  { promise, check, fact, against }: Violation,
  at: Pick<RunOptions, 'seed' | 'kind' | 'database' | 'dir' | 'say'> & {
    number: number;
    history: HistoryOutcome | undefined;
    /** What repeats it, in place of its batch. */
    again?: string;
  },
): void {
  const { seed, number, database, kind, history, dir, say, again = `--batch ${number}` } = at;
  const options = `${database === 'postgres' ? ' --db postgres' : ''}${kind === 'quick' ? ' --kind quick' : ''}`;
  say(`       ${promise} (${check}): ${fact}`);
  say(`       but: ${against}`);
  say(
    `       seed ${seed}, batch ${number}${history === undefined ? '' : `, history ${history.name}`}; evidence and server log: ${dir}`,
  );
  say(`       again: npm run chaos -- --seed ${seed} ${again}${options}`);
}
