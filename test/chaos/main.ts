/** `npm run chaos`: histories, mutations or a mode of its own, by its options; the exit code tells whether all held. */
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { watchMemory } from './memory.ts';
import { runMutations } from './mutations/run-mutations.ts';
import { type Options, readOptions, usage } from './options.ts';
import { writeReport } from './report.ts';
import { keep, keepCaught, keepRun } from './results.ts';
import { run, runSessions } from './run.ts';

const say = (line: string): void => console.log(line);

/** The first Ctrl-C lets the histories under way come to their ends, so that nothing of them is left. */
const interrupted = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupted.abort());

/** @returns whether everything held */
async function main(options: Options): Promise<boolean> {
  const { seed, database, kind, parallel } = options;
  const { signal } = interrupted;
  const dir = join(tmpdir(), `ash-chaos-logs-${seed.replaceAll(/[^\w.-]/g, '-')}`);
  mkdirSync(dir, { recursive: true });
  const startedAt = new Date();
  if (options.mutations !== undefined) {
    const only = options.mutations === 'all' ? undefined : options.mutations.split(',');
    const caught = await runMutations({
      seed,
      only,
      kind,
      parallel,
      dir,
      say,
      onCaught: (one) => keepCaught([one], { seed, startedAt, kind }),
    });
    return caught.every(({ by }) => by !== undefined);
  }
  if (options.memory) {
    const { turns = 2000, connects } = options;
    const found = await watchMemory({ turns, connects, kind, logPath: join(dir, 'server.log'), say });
    keep('memory', { seed, startedAt, found });
    return true;
  }
  if (options.sessions !== undefined) {
    const { sessions, turns = 5 } = options;
    const tally = await runSessions({ seed, kind, sessions, turns, parallel, database, dir, signal, say });
    keep(`sessions-${kind}`, { seed, startedAt, found: { sessions, turns, tally } });
    say(`${tally.turns} messages in ${sessions} sessions, ${tally.violations.length} violations (seed ${seed})`);
    return tally.violations.length === 0;
  }
  const forMs = options.minutes === undefined ? undefined : options.minutes * 60_000;
  const tally = await run({
    seed,
    kind,
    histories: options.histories,
    forMs,
    batch: options.batch,
    parallel,
    database,
    dir,
    signal,
    say,
    onBatch: (sofar) => {
      if (options.batch === undefined) keepRun({ seed, startedAt, found: { kind, database, tally: sofar } });
    },
  });
  const { histories, turns, faults, violations } = tally;
  say(
    `${histories} histories, ${turns} turns, ${Object.values(faults).reduce((sum, n) => sum + n, 0)} faults, ${violations.length} violations (seed ${seed})`,
  );
  return violations.length === 0;
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) say(usage);
  else {
    const reportOnly = options.report && process.argv.length === 3;
    process.exitCode = reportOnly || (await main(options)) ? 0 : 1;
    if (options.report) say(`written: ${writeReport()}`);
  }
} catch (cause) {
  console.error(cause);
  process.exitCode = 2;
}
