/** A tool waits for its call to be kept, whichever comes first, and for no other's. */
import { expect, test } from 'vitest';
import { KeptCalls } from '../src/kept-calls.ts';

const message = (id: string) => ({ type: 'assistant', message: { content: [{ type: 'tool_use', id }] } });

test('a call that is kept already runs at once', async () => {
  const calls = new KeptCalls();
  calls.take(message('one'));
  await calls.kept('one', 2 ** 31 - 1);
});

test('one that is not waits until it is, and is not let go by another one', async () => {
  const calls = new KeptCalls();
  const order: string[] = [];
  const runs = calls.kept('one', 2 ** 31 - 1).then(() => order.push('runs'));
  calls.take(message('two'));
  await Promise.resolve();
  order.push('kept');
  calls.take(message('one'));
  await runs;
  expect(order).toEqual(['kept', 'runs']);
});

test('of which no message comes, it is not held back for ever', async () => {
  await new KeptCalls().kept('one', 1);
});

test('what was kept of a turn is forgotten with it', async () => {
  const calls = new KeptCalls();
  calls.take(message('one'));
  calls.forget();
  let ran = false;
  const runs = calls.kept('one', 2 ** 31 - 1).then(() => {
    ran = true;
  });
  await Promise.resolve();
  expect(ran).toBe(false);
  calls.take(message('one'));
  await runs;
});
