/** A short run with fixed seeds, and the proof that the harness can fail. `npm run chaos` is the long one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { findPostgres } from '../conformance/postgres.ts';
import { runBatch } from './batch.ts';
import { mutations } from './mutations/mutations.ts';
import { runMutations } from './mutations/run-mutations.ts';
import { MutatedTree } from './mutations/tree.ts';
import { planHistory, usualFaults } from './plan.ts';
import { run } from './run.ts';

const dir = mkdtempSync(join(tmpdir(), 'ash-chaos-test-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Said only when something fails. */
function recorder(): { say: (line: string) => void; lines: string[] } {
  const lines: string[] = [];
  return { say: (line) => void lines.push(line), lines };
}

describe('histories under faults', () => {
  test('a seed is a plan: the same one each time', () => {
    const plan = () => planHistory('a/1/h1', 'h1', { faults: usualFaults });
    expect(plan()).toEqual(plan());
    expect(planHistory('a/1/h2', 'h1', { faults: usualFaults })).not.toEqual(plan());
  });

  test.each([
    { kind: 'whole', histories: 4, parallel: 4 },
    { kind: 'quick', histories: 24, parallel: 12 },
  ] as const)('nothing is lost, doubled or left behind: $histories $kind ones', async (given) => {
    const { say, lines } = recorder();
    const { signal } = new AbortController();
    const tally = await run({ seed: 'npm test', database: 'sqlite', dir, signal, say, ...given });
    expect(tally.violations, lines.join('\n')).toEqual([]);
    expect(tally.histories).toBe(given.histories);
    expect(Object.keys(tally.faults).length).toBeGreaterThan(0);
  });
});

const found = findPostgres();
if ('missing' in found) console.warn(`histories on PostgreSQL are not tried: ${found.missing}`);

test.skipIf('missing' in found)('a database that is away now and then costs no turn', async () => {
  const { histories, violations } = await runBatch({
    ...{ seed: 'npm test', histories: 4, parallel: 4, database: 'postgres', faults: { 'database kill': 1 } },
    dir: join(dir, 'postgres'),
  });
  expect([...histories.flatMap((history) => history.violations), ...violations]).toEqual([]);
  expect(histories.flatMap(({ evidence }) => evidence.faults).length).toBeGreaterThan(0);
});

describe('code broken on purpose', () => {
  test('every mutation still has its place in the code', () => {
    using tree = new MutatedTree();
    for (const mutation of mutations) {
      using _applied = tree.apply(mutation);
    }
    expect(mutations.length).toBeGreaterThanOrEqual(10);
  });

  test('a turn that is ended twice is noticed', async () => {
    const { say, lines } = recorder();
    const [caught] = await runMutations({
      seed: 'npm test',
      only: ['end-a-turn-twice'],
      kind: 'quick',
      parallel: 4,
      dir,
      say,
    });
    expect(caught?.by, lines.join('\n')).toBeDefined();
  });
});
