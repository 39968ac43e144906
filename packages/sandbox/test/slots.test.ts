/** Slots: never more than there are, lines take turns, and what yields goes last. */
import { expect, test } from 'vitest';
import { type SlotOptions, Slots } from '../src/slots.ts';

/** Takes a slot for each at once, gives back one after another: the order in which they had theirs. */
async function served(slots: Slots, asked: readonly (SlotOptions & { name: string })[]): Promise<string[]> {
  const order: string[] = [];
  await Promise.all(
    asked.map(async ({ name, ...options }) => {
      const giveBack = await slots.take(options);
      order.push(name);
      await Promise.resolve();
      giveBack();
      giveBack();
    }),
  );
  return order;
}

test('a line with many does not hold up one with few, and what yields goes last', async () => {
  const slots = new Slots(1);
  const asked = [
    ...['a1', 'a2', 'a3'].map((name) => ({ name, line: 'a' })),
    { name: 'spare', yields: true },
    { name: 'b1', line: 'b' },
  ];
  expect(await served(slots, asked)).toEqual(['a1', 'a2', 'b1', 'a3', 'spare']);
});

test('a slot that is given back twice is one slot', async () => {
  const slots = new Slots(2);
  await served(slots, [{ name: 'a' }, { name: 'b' }, { name: 'c' }]);
  let held = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 8 }, () =>
      slots.use(async () => {
        held += 1;
        most = Math.max(most, held);
        await Promise.resolve();
        held -= 1;
      }),
    ),
  );
  expect(most).toBe(2);
});
