/** Requests that a route must refuse, made of one that it takes and of its schemas. */
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ErrorCode } from '@ash-ai/shared';
import { defaultBodyLimitBytes, type Route } from '@ash-ai/shared/contract';
import { z } from 'zod';
import type { Ash } from '../../../../test/e2e/harness.ts';
import type { Given } from './request.ts';

export interface Bad {
  what: string;
  given: Given;
  code: ErrorCode;
}

/** What is wrong in a way that no coercion mends; of each, some value is wrong for any schema. */
const oddValues: readonly unknown[] = [{ odd: { odd: {} } }, 'odd', [[{}]], null];
const oddTexts: readonly string[] = ['odd', '-2', ''];

/** Every parameter, query field and body field wrong once, and bodies that are none. */
export function badInputs(route: Route, good: Given): Bad[] {
  const bad: Bad[] = [];
  const add = (what: string, given: Given, code: ErrorCode = 'validation_failed'): void => {
    bad.push({ what, given: { ...good, ...given }, code });
  };
  for (const name of Object.keys(route.params?.shape ?? {})) {
    const isId = isUuid(route.params?.shape[name] as z.ZodType);
    if (isId) add(`${name} that is no UUID`, { params: { ...good.params, [name]: 'x' } });
    add(`${name} with NUL`, { params: { ...good.params, [name]: 'a\0b' } });
  }
  for (const [name, schema] of Object.entries(route.query?.shape ?? {})) {
    const odd = oddTexts.find((value) => !schema.safeParse(value).success && !schema.safeParse(Number(value)).success);
    if (odd !== undefined) add(`${name}=${odd}`, { query: { ...good.query, [name]: odd } });
    add(`${name} with NUL`, { query: { ...good.query, [name]: 'a\0b' } });
  }
  if (route.body === undefined) return bad;
  for (const body of ['{', 'a=b', ...(route.optionalBody ? [] : ['', ' '])])
    add(`body ${JSON.stringify(body)}`, { body }, 'body_not_json');
  for (const body of ['[]', '"text"', '1', '{"__proto__":{}}']) add(`body ${body}`, { body });
  add('XML', { body: '<a/>', headers: { 'content-type': 'text/xml' } }, 'unsupported_media_type');
  const body = (good.body ?? {}) as Record<string, unknown>;
  for (const [name, schema] of Object.entries(route.body.shape)) {
    const odd = oddValues.find((value) => !schema.safeParse(value).success);
    if (odd === undefined) throw new Error(`anything goes for ${name}: oddValues needs another value`);
    add(`${name}: ${JSON.stringify(odd)}`, { body: { ...body, [name]: odd } });
    const { [name]: _, ...rest } = body;
    if (!schema.safeParse(undefined).success) add(`${name} missing`, { body: rest });
  }
  return bad;
}

/** Every parameter and field just beyond each of its limits. */
export function beyondLimits(route: Route, good: Given): Omit<Bad, 'code'>[] {
  return (['params', 'query', 'body'] as const).flatMap((part) =>
    Object.entries(route[part]?.shape ?? {}).flatMap(([name, schema]) =>
      beyond(z.toJSONSchema(schema as z.ZodType, { io: 'input', unrepresentable: 'any' }) as Limits).map((value) => ({
        what: `${part} ${name} of ${typeof value === 'number' ? value : `length ${(value as string | unknown[]).length}`}`,
        given: { ...good, [part]: { ...(good[part] as object | undefined), [name]: value } } as Given,
      })),
    ),
  );
}

interface Limits {
  type?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  anyOf?: Limits[];
}

function beyond(limits: Limits): unknown[] {
  const { type, minimum, maximum, minLength = 0, maxLength, minItems = 0, maxItems, anyOf = [] } = limits;
  const values: unknown[] = anyOf.flatMap(beyond);
  if (type === 'integer' || type === 'number') {
    if (minimum !== undefined && minimum > Number.MIN_SAFE_INTEGER) values.push(minimum - 1);
    if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) values.push(maximum + 1);
  }
  if (type === 'string') {
    if (minLength > 0) values.push('');
    if (maxLength !== undefined) values.push('x'.repeat(maxLength + 1));
  }
  if (type === 'array') {
    if (minItems > 0) values.push([]);
    if (maxItems !== undefined) values.push(Array.from({ length: maxItems + 1 }, () => 'x'));
  }
  return values;
}

function isUuid(schema: z.ZodType): boolean {
  return !schema.safeParse('x').success && schema.safeParse('019a0000-0000-7000-8000-000000000000').success;
}

/** The answer to a body that says that it is a byte larger than the route's limit; nothing of it is sent. */
export async function tooLarge(ash: Ash, route: Route, path: string, key: string): Promise<[number, { code: string }]> {
  const length = (route.bodyLimitBytes ?? defaultBodyLimitBytes) + 1;
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': length };
  const sending = httpRequest(`${ash.url}${path}`, { method: route.method, headers });
  sending.flushHeaders();
  return await new Promise((resolve, reject) => {
    sending.on('error', reject).on('response', (response) => {
      text(response).then((body) => resolve([response.statusCode ?? 0, JSON.parse(body) as { code: string }]), reject);
      response.once('end', () => sending.destroy());
    });
  });
}
