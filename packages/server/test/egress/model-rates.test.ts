/** The ceiling of a tenant's sessions together: who is held, when, and for how long. */
import type { EgressRecord } from '@ash-ai/shared/egress';
import { expect, test } from 'vitest';
import { ModelRates } from '../../src/egress/model-rates.ts';

const call = { method: 'model', allowed: true } as EgressRecord;
const refused = { method: 'model', allowed: false } as EgressRecord;
const plain = { method: 'plain', allowed: true } as EgressRecord;

/** A sandbox that writes down for how long it was held. */
const sandbox = () => {
  const held: number[] = [];
  return { held, holdModelCalls: (forMs: number) => void held.push(forMs) };
};

test('all of the tenant are held until the oldest call is a minute old, also those that come up then, and nobody else', () => {
  let now = 5_000_000;
  const rates = new ModelRates(2, () => now);
  const [one, two, theirs, late, after] = [sandbox(), sandbox(), sandbox(), sandbox(), sandbox()];
  const first = rates.rate('a', one);
  rates.rate('a', two);
  rates.rate('b', theirs).told([call]);
  first.told([call, refused, plain]);
  now += 20_000;
  expect([one.held, two.held]).toEqual([[], []]);
  first.told([call]);
  expect([one.held, two.held, theirs.held]).toEqual([[40_000], [40_000], []]);
  now += 10_000;
  rates.rate('a', late);
  expect(late.held).toEqual([30_000]);
  now += 30_000;
  rates.rate('a', after);
  expect(after.held).toEqual([]);
});

test('calls of sandboxes that are gone count for their minute', () => {
  let now = 5_000_000;
  const rates = new ModelRates(1, () => now);
  const gone = rates.rate('a', sandbox());
  gone.told([call, call, call]);
  gone[Symbol.dispose]();
  now += 59_000;
  const next = sandbox();
  rates.rate('a', next);
  expect(next.held).toEqual([1_000]);
});

test('without a ceiling nobody is held', () => {
  const free = sandbox();
  new ModelRates().rate('a', free).told(Array.from({ length: 1000 }, () => call));
  expect(free.held).toEqual([]);
});
