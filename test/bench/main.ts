/**
 * `npm run bench`: Ash beside the Agent SDK alone, with the same scripted model in the same run. Prints a table, keeps
 * the figures in bench-results/, and compares them with the last run. Reports; asserts nothing.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startScriptedModel } from '@ash-ai/scripted-model';
import { AshServer } from './ash-server.ts';
import { coldTurns, creates, gets, memory, previews, starts, warmTurns } from './benchmarks.ts';
import { adoptions, commits, gaps } from './durability.ts';
import { egress } from './egress.ts';
import { machine } from './machine.ts';
import type { Figures } from './measure.ts';
import { walls } from './sandbox.ts';

const resultsDir = join(process.cwd(), 'bench-results');

const here = machine();
console.log(`${here.cpu}, ${here.cores} cores, ${here.memoryGb} GB, kernel ${here.kernel}, Node ${here.node}`);
if (here.load > 0.5 * here.cores) console.log(`NOT QUIET: load ${here.load}. Figures of a busy machine say little.`);

await using model = await startScriptedModel({});
const results: Record<string, Figures> = {};
const note = (more: Record<string, Figures>): void => {
  Object.assign(results, more);
};
const started = performance.now();
const run = async (name: string, work: () => Promise<Record<string, Figures>>): Promise<void> => {
  process.stderr.write(`… ${name}\n`);
  note(await work());
};

await run('server start', () => starts(model.url));
{
  await using server = await AshServer.start(model.url);
  await server.deploy('bench');
  await run('GET session, health', () => gets(server));
  await run('create session', () => creates(server));
  await run('cold turns', () => coldTurns(server, model.url));
  await run('warm turns', () => warmTurns(server, model.url));
  await run('previews', () => previews(server, model.url));
  await run('memory', () => memory(server));
}

await run('walls', () => walls());
await run('egress proxy', () => egress());
await run('commits', () => commits());
mkdirSync(resultsDir, { recursive: true });
const serverLog = join(resultsDir, 'server.log');
await run('adoption', () => adoptions(serverLog));
await run('gap of a client', () => gaps(serverLog));

const before = lastRun();
print(results, before);
const at = new Date().toISOString();
writeFileSync(
  join(resultsDir, `${at.replaceAll(':', '-')}.json`),
  JSON.stringify({ at, machine: here, results }, null, 2),
);
console.log(`\n${Math.round((performance.now() - started) / 1000)} s; kept in bench-results/`);

function lastRun(): Record<string, Figures> | undefined {
  try {
    const newest = readdirSync(resultsDir)
      .filter((name) => name.endsWith('.json'))
      .sort()
      .at(-1);
    if (newest === undefined) return undefined;
    return (JSON.parse(readFileSync(join(resultsDir, newest), 'utf8')) as { results: Record<string, Figures> }).results;
  } catch {
    return undefined;
  }
}

function print(now: Record<string, Figures>, earlier: Record<string, Figures> | undefined): void {
  const cell = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toFixed(1)).padStart(9);
  console.log(
    `\n${'what'.padEnd(58)}${'n'.padStart(6)}${'p50'.padStart(9)}${'p95'.padStart(9)}${'p99'.padStart(9)}  unit  before`,
  );
  for (const [name, { n, p50, p95, p99, unit }] of Object.entries(now)) {
    const was = earlier?.[name];
    const change = was === undefined ? '' : `  ${cell(was.p50).trim()}`;
    console.log(
      `${name.padEnd(58)}${String(n).padStart(6)}${cell(p50)}${cell(p95)}${cell(p99)}  ${unit.padEnd(4)}${change}`,
    );
  }
}
