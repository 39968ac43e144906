/** The waiting line: tenants take turns, and a position says how many go before. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FairLine } from '../src/fair-line.ts';

function lineOf(items: readonly string[]): FairLine<string> {
  const line = new FairLine<string>();
  for (const item of items) line.push(item.slice(0, 1), item);
  return line;
}

function drained(line: FairLine<string>): string[] {
  const items: string[] = [];
  for (let item = line.shift(); item !== undefined; item = line.shift()) items.push(item);
  return items;
}

test('a tenant with many in the line does not hold up one with few', () => {
  expect(drained(lineOf(['a1', 'a2', 'a3', 'b1', 'c1', 'b2']))).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
});

test('who leaves the line leaves no gap', () => {
  const line = lineOf(['a1', 'a2', 'b1']);
  line.remove('a1');
  line.remove('b1');
  expect(line.length).toBe(1);
  expect(drained(line)).toEqual(['a2']);
});

test('a position is the number of shifts until it is out', () => {
  const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
  fc.assert(
    fc.property(names, fc.nat(10), (tenants, before) => {
      const items = tenants.map((tenant, index) => `${tenant}${index}`);
      const line = lineOf(items);
      for (let index = 0; index < before; index += 1) line.shift();
      const positions = new Map(items.map((item) => [item, line.positionOf((other) => other === item)]));
      const order = drained(line);
      for (const item of items) {
        const at = order.indexOf(item);
        expect(positions.get(item)).toBe(at === -1 ? undefined : at + 1);
      }
    }),
  );
});
