/** The coercion table. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { coercionOf } from '../../src/http/coerce.ts';
import { fixtureRooms, sessionId } from './rooms.ts';
import { call, serve } from './server.ts';

const coerced = (schema: z.ZodType, value: unknown): unknown => (coercionOf(schema) ?? ((same) => same))(value);

describe('a scalar', () => {
  const id = '019A0000-0000-7000-8000-00000000000A';
  test.each<[string, z.ZodType, unknown, unknown]>([
    ['number', z.number(), '5', 5],
    ['number', z.number(), '-1.5e3', -1500],
    ['number', z.number(), '', ''],
    ['number', z.number(), '0x10', '0x10'],
    ['number', z.number(), 'Infinity', 'Infinity'],
    ['number', z.int(), true, 1],
    ['number', z.int(), null, null],
    ['number', z.int(), [5], [5]],
    ['boolean', z.boolean(), 'true', true],
    ['boolean', z.boolean(), 'false', false],
    ['boolean', z.boolean(), 1, true],
    ['boolean', z.boolean(), 0, false],
    ['boolean', z.boolean(), 'yes', 'yes'],
    ['string', z.string(), 5, '5'],
    ['string', z.string(), false, 'false'],
    ['string', z.string(), null, null],
    ['string', z.string(), {}, {}],
    ['enum', z.enum(['1', '2']), 1, '1'],
    ['literal', z.literal(3), '3', 3],
    ['UUID', z.uuid(), id, id.toLowerCase()],
    ['unknown', z.unknown(), '5', '5'],
  ])('%s', (_name, schema, value, expected) => {
    expect(coerced(schema, value)).toEqual(expected);
  });
});

describe('a scalar inside', () => {
  test.each<[string, z.ZodType, unknown, unknown]>([
    ['optional', z.int().optional(), '5', 5],
    ['nullable', z.int().nullable(), '5', 5],
    ['default', z.int().default(1), '5', 5],
    ['array', z.array(z.string()), [1, 'b', null], ['1', 'b', null]],
    ['record', z.record(z.string(), z.string()), { a: 1 }, { a: '1' }],
    ['object', z.object({ a: z.object({ b: z.boolean() }) }), { a: { b: 'true' }, c: '1' }, { a: { b: true }, c: '1' }],
    ['array for an object', z.object({ a: z.string() }), [1], [1]],
  ])('%s', (_name, schema, value, expected) => {
    expect(coerced(schema, value)).toEqual(expected);
  });
});

test('the query and body of a request are coerced, defaults filled in', async () => {
  const { rooms, asked } = fixtureRooms();
  await using server = await serve({ rooms });
  await (await call(server, 'GET', `/api/sessions/${sessionId}/messages?limit=5`)).text();
  await (await call(server, 'GET', '/api/sessions?includeTotal=true&offset=2')).text();
  const body = {
    content: 5,
    maxTurns: '3',
    includePartialMessages: 'false',
    thinking: { type: 'x', budgetTokens: '9' },
  };
  const headers = { 'idempotency-key': 'k-1' };
  await (await call(server, 'POST', `/api/sessions/${sessionId}/messages`, { body, headers })).text();
  const options = { maxTurns: 3, thinking: { type: 'x', budgetTokens: 9 } };
  expect(asked.slice(0, 3)).toEqual([
    ['messages', { limit: 5, after: 0 }],
    ['list', { includeTotal: true, offset: 2 }],
    ['start', { content: '5', whenBusy: 'queue', options }, 'k-1'],
  ]);
});
