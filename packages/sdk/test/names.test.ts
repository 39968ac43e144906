/** Programs written for the older SDK find what they import and call. */
import { expect, expectTypeOf, test } from 'vitest';
import * as sdk from '../src/index.ts';
import { left, methods, type Types, values } from './older-names.ts';

const exported: Record<string, unknown> = { ...sdk };

test.each(values)('%s is exported', (name) => {
  expect(exported[name]).toBeTypeOf('function');
});

test.each(methods)('the client has %s', (name) => {
  expect(new sdk.AshClient({ serverUrl: 'http://localhost' })[name]).toBeTypeOf('function');
});

test('types are exported, none of them as any', () => {
  expectTypeOf<Types[number]>().not.toBeAny();
});

test('what is left out is left out whole', () => {
  const client = new sdk.AshClient({ serverUrl: 'http://localhost' });
  expect(left.filter((name) => name in client)).toEqual([]);
});
