/**
 * `npm run bench`: Ash beside the Agent SDK alone, with the same scripted model in the same run. Builds, measures what is
 * built, prints a table, keeps the figures in bench-results/, and compares them with the last run. Reports; asserts nothing.
 * `-- --only <words>` runs the benchmarks whose names hold one of the words; `-- --list` names them; `-- --markdown` prints
 * the table as docs/benchmarks.md has it.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startScriptedModel } from '@ash-ai/scripted-model';
import { AshServer } from './ash-server.ts';
import { creates, memory, previews, starts, warmTurns } from './benchmarks.ts';
import { byReference } from './by-reference.ts';
import { adoptions, commits, gaps } from './durability.ts';
import { egress } from './egress.ts';
import { burst, firstTurns, wakes } from './first-turns.ts';
import { large } from './large.ts';
import { busyCores, machine } from './machine.ts';
import { manyReaders } from './many-readers.ts';
import type { Results } from './measure.ts';
import { names } from './names.ts';
import { rates } from './rates.ts';
import { printMarkdown, printTable } from './report.ts';
import { ociWalls, walls } from './sandbox.ts';
import { sleeping } from './sleeping.ts';

const resultsDir = join(process.cwd(), 'bench-results');
/** What the servers of the benchmarks of durability say. */
const serverLog = join(resultsDir, 'server.log');
mkdirSync(resultsDir, { recursive: true });
const { values: given } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    markdown: { type: 'boolean', default: false },
  },
});

/** A server of its own with an agent, for a benchmark that needs nothing else. */
const onServer =
  (work: (server: AshServer, modelUrl: string) => Promise<Results>) =>
  async (modelUrl: string): Promise<Results> => {
    await using server = await AshServer.start(modelUrl);
    await server.deploy('bench');
    return await work(server, modelUrl);
  };

const benchmarks: Record<string, (modelUrl: string) => Promise<Results>> = {
  start: starts,
  sleeping,
  rates: onServer(rates),
  names,
  create: onServer(creates),
  'first turns': firstTurns,
  wake: wakes,
  'warm turns': onServer(warmTurns),
  previews: onServer(previews),
  readers: manyReaders,
  burst: (modelUrl) => burst(modelUrl),
  'large agent': large,
  'fork by reference': byReference,
  memory: onServer(memory),
  walls: () => walls(),
  'walls-oci': () => ociWalls(),
  egress: () => egress(),
  commits: () => commits(),
  adoption: () => adoptions(serverLog),
  'gap of a client': () => gaps(serverLog),
};

if (given.list) {
  for (const name of Object.keys(benchmarks)) console.log(name);
  process.exit(0);
}
const words = given.only?.split(',').map((word) => word.trim());
const chosen = Object.entries(benchmarks).filter(([name]) => words?.some((word) => name.includes(word)) ?? true);
if (chosen.length === 0) throw new Error(`no benchmark is called ${given.only}; --list names them`);

const here = { ...machine(), busyCores: await busyCores(2000) };
console.log(`${here.cpu}, ${here.cores} cores, ${here.memoryGb} GB, kernel ${here.kernel}, Node ${here.node}`);
const quiet = here.busyCores < 0.1 * here.cores;
if (!quiet) {
  console.log(
    `NOT QUIET: others use ${here.busyCores.toFixed(1)} of ${here.cores} cores (load ${here.load}). Only ratios say something.`,
  );
}

await using model = await startScriptedModel({});
const results: Results = {};
const failed: string[] = [];
const started = performance.now();
const before = lastRun();
const at = new Date().toISOString();
const kept = join(resultsDir, `${at.replaceAll(':', '-')}.json`);
for (const [index, [name, work]] of chosen.entries()) {
  const from = performance.now();
  process.stderr.write(`[${index + 1}/${chosen.length}] ${name} … `);
  try {
    Object.assign(results, await work(model.url));
    process.stderr.write(`${seconds(from)} s\n`);
  } catch (cause) {
    failed.push(name);
    process.stderr.write(`failed: ${cause instanceof Error ? cause.stack : cause}\n`);
  }
  // After each of them, so that a run that is broken off has measured something.
  keep();
}

if (given.markdown) printMarkdown(results, before, words === undefined);
else printTable(results, before, words === undefined);
console.log(`\n${seconds(started)} s; kept in ${kept}`);
if (failed.length > 0) process.exitCode = 1;

function keep(): void {
  const run = { at, machine: { ...here, quiet }, only: given.only, results, failed };
  writeFileSync(kept, JSON.stringify(run, null, 2));
}

function seconds(from: number): string {
  return ((performance.now() - from) / 1000).toFixed(0);
}

/** Figures of the runs before, the newest of each. */
function lastRun(): Results {
  const earlier: Results = {};
  try {
    for (const name of readdirSync(resultsDir).sort()) {
      if (name.endsWith('.json'))
        Object.assign(earlier, JSON.parse(readFileSync(join(resultsDir, name), 'utf8')).results);
    }
  } catch {
    // The first run has nothing to be compared with.
  }
  return earlier;
}
