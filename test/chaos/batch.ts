/** Histories that share a server: what strikes the server strikes all of them. One batch is what a seed replays. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './check/check.ts';
import type { Evidence, Violation } from './evidence.ts';
import { liveThrough } from './history.ts';
import { type FaultWeights, planHistory } from './plan.ts';
import { World } from './world.ts';

export interface BatchOptions {
  seed: string;
  histories: number;
  /** Histories at once. */
  parallel: number;
  database: 'sqlite' | 'postgres';
  faults: FaultWeights;
  /** Turns of each history, in place of a number that is drawn. */
  turns?: number | undefined;
  /** Where the servers' output and the evidence of failed histories are kept. */
  dir: string;
  program?: string | undefined;
  /** Of the light runtime, in place of the real one. */
  executable?: string | undefined;
  /** Settings of the servers. */
  env?: Readonly<Record<string, string>>;
  /** Without a new entry for so long a turn hangs, in ms. */
  hungAfterMs?: number | undefined;
  /** No more histories are begun once this is fired, or once one has failed and `stopAtFailure` is set. */
  signal?: AbortSignal | undefined;
  stopAtFailure?: boolean;
  /** Called with each history that is over. */
  onHistory?: ((history: HistoryOutcome) => void) | undefined;
}

export interface HistoryOutcome {
  name: string;
  evidence: Evidence;
  violations: Violation[];
}

export interface BatchOutcome {
  histories: HistoryOutcome[];
  /** Of the batch as a whole: what is left when its server has stopped, servers that did not stop. */
  violations: Violation[];
  serverStarts: number;
}

export async function runBatch(options: BatchOptions): Promise<BatchOutcome> {
  const { seed, dir, database, program, executable, parallel, env = {} } = options;
  mkdirSync(dir, { recursive: true });
  await using world = await World.start({ database, logPath: join(dir, 'server.log'), program, executable, env });
  const outcome: BatchOutcome = { histories: [], violations: [], serverStarts: 0 };
  let next = 0;
  const stop = (): boolean =>
    options.signal?.aborted === true ||
    (options.stopAtFailure === true && outcome.histories.some(({ violations }) => violations.length > 0));
  const live = async (): Promise<void> => {
    while (next < options.histories && !stop()) {
      next += 1;
      const name = `h${next}`;
      const plan = planHistory(`${seed}/${name}`, name, {
        faults: options.faults,
        ...(options.turns === undefined ? {} : { turns: options.turns }),
      });
      const evidence = await liveThrough(world, plan, { name, hungAfterMs: options.hungAfterMs });
      const history = { name, evidence, violations: check(evidence) };
      outcome.histories.push(history);
      if (history.violations.length > 0) writeFileSync(join(dir, `${name}.json`), JSON.stringify(history, null, 1));
      options.onHistory?.(history);
    }
  };
  await Promise.all(Array.from({ length: parallel }, live));
  const left = await world.stop();
  outcome.violations.push(
    ...left.map((fact) => ({
      promise: 'left',
      check: 'left',
      fact,
      against: 'all sessions have ended and the server has stopped',
    })),
    ...world.failures.map((fact) => ({ promise: 'P5', check: 'servers', fact, against: 'it stops in good order' })),
  );
  outcome.serverStarts = world.starts;
  return outcome;
}
