/** Runs histories on broken code until a check notices, or until it should have. */
import { join } from 'node:path';
import { runBatch } from '../batch.ts';
import type { Violation } from '../evidence.ts';
import type { HistoryKind } from '../kinds.ts';
import { LightRuntime } from '../light-runtime-folder.ts';
import { type Mutation, mutations } from './mutations.ts';
import { MutatedTree } from './tree.ts';

/** Batches of broken code that go unnoticed before it counts as missed. */
const maxBatches = 4;
const batchSize = 8;
/** Broken code hangs; a turn of these histories takes a second or two. */
const hungAfterMs = 30_000;

export interface Caught {
  name: string;
  wrong: string;
  /** Histories until it was noticed. */
  histories: number;
  /** What noticed it first; undefined: nothing did. */
  by: Violation | undefined;
  /** Everything that noticed it in those histories. */
  checks: string[];
}

export async function runMutations(options: {
  seed: string;
  /** Default: all. */
  only?: readonly string[] | undefined;
  kind: HistoryKind;
  parallel: number;
  dir: string;
  say: (line: string) => void;
  /** Called with each, so that a run that is broken off has shown something. */
  onCaught?: (caught: Caught) => void;
}): Promise<Caught[]> {
  const { seed, only, parallel, dir, say } = options;
  const chosen = mutations.filter(({ name }) => only?.includes(name) ?? true);
  if (chosen.length === 0)
    throw new Error(`there is no such mutation; there are ${mutations.map(({ name }) => name).join(', ')}`);
  using tree = new MutatedTree();
  using light = options.kind === 'quick' ? await LightRuntime.make() : undefined;
  const { program } = tree;
  const results: Caught[] = [];
  for (const mutation of chosen) {
    using _broken = tree.apply(mutation);
    const caught = await hunt(mutation, {
      seed,
      parallel,
      dir: join(dir, mutation.name),
      program,
      executable: light?.executable,
    });
    results.push(caught);
    options.onCaught?.(caught);
    say(
      `${caught.by === undefined ? 'MISSED' : 'caught'}  ${mutation.name} after ${caught.histories} histories${caught.by === undefined ? '' : ` by ${caught.checks.join(', ')}: ${caught.by.fact.slice(0, 200)}; but ${caught.by.against.slice(0, 120)}`}`,
    );
  }
  return results;
}

async function hunt(
  { name, wrong, faults }: Mutation,
  given: { seed: string; parallel: number; dir: string; program: string; executable: string | undefined },
): Promise<Caught> {
  let histories = 0;
  for (let number = 1; number <= maxBatches; number += 1) {
    const outcome = await runBatch({
      ...{
        seed: `${given.seed}/${name}/${number}`,
        histories: batchSize,
        parallel: given.parallel,
        database: 'sqlite',
        faults,
      },
      ...{
        dir: join(given.dir, `batch-${number}`),
        program: given.program,
        executable: given.executable,
        hungAfterMs,
        stopAtFailure: true,
      },
    });
    histories += outcome.histories.length;
    const violations = [...outcome.histories.flatMap((history) => history.violations), ...outcome.violations];
    const checks = [...new Set(violations.map(({ promise, check }) => `${check} (${promise})`))];
    if (violations.length > 0) return { name, wrong, histories, by: violations[0], checks };
  }
  return { name, wrong, histories, by: undefined, checks: [] };
}
