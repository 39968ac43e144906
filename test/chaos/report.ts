/** Writes docs/durability-report.md from what the last runs found. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HistoryKind } from './kinds.ts';
import type { MemoryFound } from './memory.ts';
import { type FoundRun, type Kept, type KeptCaught, kept, keptRuns } from './results.ts';
import type { Tally } from './tally.ts';

const path = join('docs', 'durability-report.md');

/** Each violation once. */
function violationsOf(violations: Tally['violations']): string {
  if (violations.length === 0) return 'No violation.';
  const lines = violations.map(
    ({ where, violation: { promise, check, fact, against } }) =>
      `- ${promise} (${check}), ${where}: ${(fact.split('\n')[0] ?? '').slice(0, 200)}; but ${against.slice(0, 200)}`,
  );
  const distinct = [...new Set(lines)];
  return `**Violations**, each with what it contradicts; they repeat with the seed and their batch:\n\n${distinct.join('\n')}`;
}

export function writeReport(): string {
  const caught = kept<KeptCaught[]>('mutations');
  const sessions = (['whole', 'quick'] as const).flatMap((kind) => {
    const run = kept<FoundSessions>(`sessions-${kind}`);
    return run === undefined ? [] : [sessionsPart(kind, run)];
  });
  const memory = kept<MemoryFound>('memory');
  const parts = [
    intro,
    historiesPart(keptRuns()),
    ...sessions,
    memory === undefined ? '' : memoryPart(memory),
    caught === undefined ? '' : mutationsPart(caught),
    readFileSync(join('test', 'chaos', 'remarks.md'), 'utf8').trim(),
  ];
  writeFileSync(path, `${parts.filter((part) => part !== '').join('\n\n')}\n`);
  return path;
}

const intro = `# Durability report

What \`npm run chaos\` found, under faults at random points. A history is one session with a few turns, one to three readers, and
one to three faults of its own; many histories share a server, and what strikes the server strikes all that run at that moment. A
checker that knows only the API and the files of the workspace then looks for two facts that can't both be true.

In **whole** histories everything is real but the model: server, database, bridge with the Agent SDK, wall, tools and the agent
runtime's executable. In **quick** ones that executable is \`test/chaos/light-runtime\`, which speaks the same protocol, keeps and
resumes a transcript in the same way, and starts in a tenth of the time; all else is real there too.

The promises P1 to P8 are those of [Durability](durability.md), in this order: accepted is durable, disconnect is not cancel, one
order without gaps and doubles, what was shown was stored, a killed server loses nothing, a death is told at once, waking
restores what was there, a retry is safe.`;

interface FoundSessions {
  sessions: number;
  turns: number;
  tally: Tally;
}

/** What is added up over runs, in the words of the report. */
const numbers: [string, (tally: Tally) => number][] = [
  ['histories', (tally) => tally.histories],
  ['turns', (tally) => tally.turns],
  ['entries of logs', (tally) => tally.entries],
  ['connections of readers', (tally) => tally.connections],
  ['requests to the model', (tally) => tally.modelRequests],
  ['turns that went on in another sandbox after a death', (tally) => tally.recovered],
  ['marks left by tools', (tally) => tally.marks],
  [
    'of them, by calls that the model made again, having been told that a death cut them off',
    (tally) => tally.marksAgain,
  ],
  ['servers started', (tally) => tally.serverStarts],
];

function historiesPart(runs: readonly Kept<FoundRun>[]): string {
  const groups = (['whole', 'quick'] as const).flatMap((kind) =>
    (['sqlite', 'postgres'] as const).flatMap((database) => {
      const tallies = runs.filter(({ found }) => found.kind === kind && found.database === database);
      const name = `${kind}, ${database === 'sqlite' ? 'SQLite' : 'PostgreSQL'}`;
      return tallies.length === 0 ? [] : [{ name, tallies: tallies.map(({ found }) => found.tally) }];
    }),
  );
  const table = (what: string, rows: readonly string[], cell: (tally: Tally, row: string) => number): string =>
    [
      `| ${what} | ${groups.map(({ name }) => name).join(' | ')} |`,
      `| --- |${' --- |'.repeat(groups.length)}`,
      ...rows.map((row) => {
        const cells = groups.map(({ tallies }) => tallies.reduce((sum, tally) => sum + cell(tally, row), 0));
        return `| ${row} | ${cells.join(' | ')} |`;
      }),
    ].join('\n');
  const namesOf = (pick: (tally: Tally) => Record<string, number>): string[] =>
    [...new Set(runs.flatMap(({ found }) => Object.keys(pick(found.tally))))].sort();
  const byName = new Map(numbers);
  const [last] = runs.toSorted((a, b) => b.startedAt.localeCompare(a.startedAt));
  const machine = last?.machine;
  return `## Histories

${machine === undefined ? '' : `${machine.cores} cores (${machine.cpu}), shared with other work, ${machine.memoryGb} GB, kernel ${machine.kernel}, Node ${machine.node}.`}

${table('what', [...byName.keys()], (tally, row) => byName.get(row)?.(tally) ?? 0)}

${table(
  'fault',
  namesOf(({ faults }) => faults),
  ({ faults }, row) => faults[row] ?? 0,
)}

${table(
  'end of a turn',
  namesOf(({ endings }) => endings),
  ({ endings }, row) => endings[row] ?? 0,
)}

The runs, each on one commit:

| began (UTC) | kind | commit | seed | minutes | histories | violations |
| --- | --- | --- | --- | --- | --- | --- |
${runs
  .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt))
  .map(
    ({ startedAt, seed, commit, minutes, found: { kind, database, tally } }) =>
      `| ${startedAt.slice(0, 16).replace('T', ' ')} | ${kind}, ${database} | \`${commit}\` | \`${seed}\` | ${minutes} | ${tally.histories} | ${tally.violations.length} |`,
  )
  .join('\n')}

Violations of runs on the newest of these commits (what those before showed is told at the end): ${violationsOf(runs.filter(({ commit }) => commit === last?.commit).flatMap(({ seed, found }) => found.tally.violations.map(({ where, violation }) => ({ where: `seed \`${seed}\`, ${where}`, violation }))))}`;
}

function sessionsPart(
  kind: HistoryKind,
  { startedAt, minutes, commit, found: { sessions, turns, tally } }: Kept<FoundSessions>,
): string {
  const faults = Object.entries(tally.faults).map(([name, times]) => `${name} ${times}`);
  const ends = Object.entries(tally.endings).map(([ending, times]) => `${ending} ${times}`);
  const all = tally.histories === sessions ? `${sessions}` : `${tally.histories} of ${sessions}`;
  return `## ${all} sessions with ${turns} turns each (${kind})

${startedAt.slice(0, 16).replace('T', ' ')} UTC, ${minutes} minutes, commit \`${commit}\`, all on one data folder and ${tally.serverStarts} servers one after another. Faults: ${faults.join(', ')}.
Of ${tally.turns} messages: ${ends.join(', ')}. What may be left behind (processes, sockets, mounts, control groups, loop devices, records) is among the
checks.

${violationsOf(tally.violations)}`;
}

function memoryPart({ startedAt, commit, found }: Kept<MemoryFound>): string {
  return `## Memory of the server

${startedAt.slice(0, 16).replace('T', ' ')} UTC, commit \`${commit}\`; proportional set size in MB. The server had ${found.heapMb} MB
for its objects, so that garbage which V8 lets lie while there is room is not taken for growth.

| what | looks, evenly spread |
| --- | --- |
| over ${found.turns} turns | ${found.overTurns.join(', ')} |
| over ${found.connects} readers that came and went | ${found.overConnects.join(', ')} |`;
}

function mutationsPart({ found }: Kept<KeptCaught[]>): string {
  const rows = [...found]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map(
      ({ name, wrong, histories, by, checks, commit, kind }) =>
        `| ${name} | ${wrong} | ${by === undefined ? '**missed**' : checks.join(', ')} | ${histories}, ${kind} | \`${commit}\` |`,
    )
    .join('\n');
  return `## Code broken on purpose

Each mutation is put into a copy of the packages, and histories are run on it until a check notices. A checker that can't fail
proves nothing. The rows come from several runs: each names the code that its mutation was last run on.

| mutation | what is wrong then | noticed by | histories | code of |
| --- | --- | --- | --- | --- |
${rows}`;
}
