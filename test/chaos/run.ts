/** Many histories, batch after batch, with a line of progress for each and the facts of each violation. */
import { join } from 'node:path';
import { type BatchOptions, type HistoryOutcome, runBatch } from './batch.ts';
import type { Violation } from './evidence.ts';
import { usualFaults } from './plan.ts';
import { count, emptyTally, type Tally } from './tally.ts';

/** Histories of one batch: few enough that a replay is quick, enough to share the cost of a server. */
export const batchSize = 12;

export interface RunOptions {
  seed: string;
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
}

export async function run(options: RunOptions): Promise<Tally> {
  const { seed, histories, forMs, database, say } = options;
  const tally = emptyTally();
  const signal = forMs === undefined ? options.signal : AbortSignal.any([AbortSignal.timeout(forMs), options.signal]);
  const faults = database === 'postgres' ? { ...usualFaults, 'database kill': 20 } : usualFaults;
  const more = (number: number): boolean =>
    !signal.aborted && (forMs !== undefined || (number - 1) * batchSize < histories);
  const numbers = options.batch === undefined ? undefined : [options.batch];
  for (let number = options.batch ?? 1; numbers?.includes(number) ?? more(number); number += 1) {
    const dir = join(options.dir, `batch-${number}`);
    const left = numbers === undefined && forMs === undefined ? histories - (number - 1) * batchSize : batchSize;
    const batch: BatchOptions = {
      ...{
        seed: `${seed}/${number}`,
        histories: Math.min(batchSize, left),
        parallel: options.parallel,
        database,
        faults,
        dir,
      },
      signal,
      onHistory: (history) => {
        count(tally, history, `batch ${number}, ${history.name}`);
        say(lineOf(number, history, tally));
        for (const violation of history.violations) tell(violation, { seed, number, database, history, dir, say });
      },
    };
    const outcome = await runBatch(batch);
    tally.serverStarts += outcome.serverStarts;
    for (const violation of outcome.violations) {
      tally.violations.push({ where: `batch ${number}`, violation });
      tell(violation, { seed, number, database, history: undefined, dir, say });
    }
  }
  return tally;
}

/** Many sessions with a number of turns each on one server, under kills of whatever is drawn. */
export async function runSessions(
  options: Omit<RunOptions, 'histories' | 'forMs' | 'batch'> & { sessions: number; turns: number },
): Promise<Tally> {
  const { seed, sessions, turns, parallel, database, dir, say } = options;
  const tally = emptyTally();
  const again = `--sessions ${sessions} --turns ${turns}`;
  const outcome = await runBatch({
    // The last turn of a history comes on top of those that are drawn.
    ...{
      seed: `${seed}/sessions`,
      histories: sessions,
      turns: turns - 1,
      parallel,
      database,
      faults: usualFaults,
      dir,
    },
    onHistory: (history) => {
      count(tally, history, history.name);
      say(lineOf(1, history, tally));
      for (const violation of history.violations)
        tell(violation, { seed, number: 1, database, history, dir, say, again });
    },
  });
  tally.serverStarts = outcome.serverStarts;
  tally.violations.push(...outcome.violations.map((violation) => ({ where: 'all sessions', violation })));
  return tally;
}

function lineOf(number: number, { name, evidence, violations }: HistoryOutcome, tally: Tally): string {
  const faults = evidence.faults.map(({ kind }) => kind).join(', ') || 'no fault met it';
  const verdict = violations.length === 0 ? 'ok' : 'VIOLATED';
  return `${String(tally.histories).padStart(5)}  ${`${number}/${name}`.padEnd(8)} ${verdict.padEnd(9)} ${String(evidence.log.length).padStart(4)} entries  ${faults}`;
}

function tell(
  { promise, check, fact, against }: Violation,
  at: {
    seed: string;
    number: number;
    database: string;
    history: HistoryOutcome | undefined;
    dir: string;
    say: (line: string) => void;
    /** What repeats it, in place of its batch. */
    again?: string;
  },
): void {
  const { seed, number, database, history, dir, say } = at;
  say(`       ${promise} (${check}): ${fact}`);
  say(`       but: ${against}`);
  say(
    `       seed ${seed}, batch ${number}${history === undefined ? '' : `, history ${history.name}`}; evidence and server log: ${dir}`,
  );
  say(
    `       again: npm run chaos -- --seed ${seed} --batch ${number}${database === 'postgres' ? ' --db postgres' : ''}`,
  );
}
