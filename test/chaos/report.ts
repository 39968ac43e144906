/** Writes docs/durability-report.md from what the last runs found. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemoryFound } from './memory.ts';
import { type Kept, type KeptCaught, kept } from './results.ts';
import type { Tally } from './tally.ts';

const path = join('docs', 'durability-report.md');

/** Each violation once. */
function violationsOf({ violations }: Tally): string {
  if (violations.length === 0) return 'No violation.';
  const lines = violations.map(
    ({ where, violation: { promise, check, fact, against } }) =>
      `- ${promise} (${check}), ${where}: ${fact}; but ${against}`,
  );
  const distinct = [...new Set(lines)];
  return `**Violations**, each with what it contradicts; they repeat with the seed and their batch:\n\n${distinct.join('\n')}`;
}

export function writeReport(): string {
  const runs = (['sqlite', 'postgres'] as const).map((kind) => ({ kind, run: kept<Tally>(kind) }));
  const caught = kept<KeptCaught[]>('mutations');
  const sessions = kept<{ sessions: number; turns: number; tally: Tally }>('sessions');
  const memory = kept<MemoryFound>('memory');
  const parts = [
    intro,
    ...runs.map(({ kind, run }) => (run === undefined ? '' : historiesPart(kind, run))),
    sessions === undefined ? '' : sessionsPart(sessions),
    memory === undefined ? '' : memoryPart(memory),
    caught === undefined ? '' : mutationsPart(caught),
    readFileSync(join('test', 'chaos', 'remarks.md'), 'utf8').trim(),
  ];
  writeFileSync(path, `${parts.filter((part) => part !== '').join('\n\n')}\n`);
  return path;
}

const intro = `# Durability report

What \`npm run chaos\` found: real servers, bridges, walls and the real agent runtime, with only the model scripted, under
faults at random points. A history is one session with a few turns, one to three readers, and one to three faults of its
own; twelve histories share a server, and what strikes the server strikes all that run at that moment. A checker that
knows only the API and the files of the workspace then looks for two facts that can't both be true.

The promises P1 to P8 are those of [Durability](durability.md), in this order: accepted is durable, disconnect is not cancel, one
order without gaps and doubles, what was shown was stored, a killed server loses nothing, a death is told at once, waking
restores what was there, a retry is safe.`;

function historiesPart(kind: string, { seed, startedAt, minutes, commit, machine, found }: Kept<Tally>): string {
  const rows = (record: Record<string, number>): string =>
    Object.entries(record)
      .sort(([, a], [, b]) => b - a)
      .map(([name, times]) => `| ${name} | ${times} |`)
      .join('\n');
  return `## Histories on ${kind === 'postgres' ? 'PostgreSQL' : 'SQLite'}

${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${minutes} minutes, commit \`${commit}\`, seed \`${seed}\`; ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB, kernel ${machine.kernel},
Node ${machine.node}; load at the end ${machine.load}.

| what | how many |
| --- | --- |
| histories | ${found.histories} |
| turns | ${found.turns} |
| entries of logs | ${found.entries} |
| connections of readers | ${found.connections} |
| requests to the model | ${found.modelRequests} |
| turns that went on in another sandbox after a death | ${found.recovered ?? 'not counted'} |
| marks left by tools | ${found.marks} |
| of them, by calls that the model made again, having been told that a death cut them off | ${found.marksAgain ?? 'not counted'} |
| servers started | ${found.serverStarts} |

| fault | how often |
| --- | --- |
${rows(found.faults)}

| end of a turn | how often |
| --- | --- |
${rows(found.endings)}

${violationsOf(found)}`;
}

function sessionsPart({
  startedAt,
  minutes,
  commit,
  found: { sessions, turns, tally },
}: Kept<{ sessions: number; turns: number; tally: Tally }>): string {
  const faults = Object.entries(tally.faults).map(([kind, times]) => `${kind} ${times}`);
  const ends = Object.entries(tally.endings).map(([ending, times]) => `${ending} ${times}`);
  return `## ${sessions} sessions with ${turns} turns each

${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${minutes} minutes, commit \`${commit}\`, all on one data folder and ${tally.serverStarts} servers one after another. Faults: ${faults.join(', ')}.
Of ${tally.turns} messages: ${ends.join(', ')}. What may be left behind (processes, sockets, mounts, control groups, loop devices, records) is among the
checks.

${violationsOf(tally)}`;
}

function memoryPart({ startedAt, commit, found }: Kept<MemoryFound>): string {
  return `## Memory of the server

${startedAt.slice(0, 16).replace('T', ' ')} UTC, commit \`${commit}\`; proportional set size in MB.

| what | looks, evenly spread |
| --- | --- |
| over ${found.turns} turns | ${found.overTurns.join(', ')} |
| over ${found.connects} readers that came and went | ${found.overConnects.join(', ')} |`;
}

function mutationsPart({ found }: Kept<KeptCaught[]>): string {
  const rows = [...found]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(
      ({ name, wrong, histories, by, checks, commit }) =>
        `| ${name} | ${wrong} | ${by === undefined ? '**missed**' : checks.join(', ')} | ${histories} | \`${commit}\` |`,
    )
    .join('\n');
  return `## Code broken on purpose

Each mutation is put into a copy of the packages, and histories are run on it until a check notices. A checker that can't fail
proves nothing. The rows come from several runs: each names the code that its mutation was last run on.

| mutation | what is wrong then | noticed by | histories | code of |
| --- | --- | --- | --- | --- |
${rows}`;
}
