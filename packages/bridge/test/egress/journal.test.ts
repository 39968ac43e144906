/** The journal: a flood of decisions is bounded, and its sums are right. */
import type { EgressRecord } from '@ash-ai/shared/egress';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Decision, EgressJournal } from '../../src/egress/journal.ts';

function decision(host: string, allowed: boolean): Decision {
  return {
    ...{ at: '2026-01-01T00:00:00.000Z', method: 'connect', host, port: 443, address: null, allowed, reason: null },
    ...{ status: null, bytesOut: 1, bytesIn: 2, durationMs: 3, model: null, costUsd: 0.5 },
    tokens: { input: 1, output: 2, cacheWrite: 0, cacheRead: 0 },
  };
}

test('whatever comes, the sums are kept and the records are few', () => {
  const hosts = fc.integer({ min: 0, max: 30 }).map((index) => `${index}.test`);
  fc.assert(
    fc.property(fc.array(fc.tuple(hosts, fc.boolean()), { maxLength: 300 }), (given) => {
      const kept: EgressRecord[] = [];
      const journal = new EgressJournal({ keep: (record) => kept.push(record), burst: 10, maxKinds: 5, now: () => 0 });
      for (const [host, allowed] of given) journal.write(decision(host, allowed));
      journal[Symbol.dispose]();
      const sum = (of: (record: EgressRecord) => number) => kept.reduce((total, record) => total + of(record), 0);
      expect(sum(({ count }) => count)).toBe(given.length);
      expect(sum(({ count, allowed }) => (allowed ? count : 0))).toBe(given.filter(([, allowed]) => allowed).length);
      expect(sum(({ bytesIn }) => bytesIn)).toBe(2 * given.length);
      expect(sum(({ costUsd }) => costUsd ?? 0)).toBe(given.length / 2);
      expect(sum(({ tokens }) => tokens?.output ?? 0)).toBe(2 * given.length);
      expect(kept.length).toBeLessThanOrEqual(10 + 5 + 2);
    }),
  );
});

test('a decision alone is written at once', () => {
  const kept: EgressRecord[] = [];
  using journal = new EgressJournal({ keep: (record) => kept.push(record) });
  journal.write(decision('a.test', false));
  expect(kept).toMatchObject([{ host: 'a.test', allowed: false, count: 1 }]);
});
