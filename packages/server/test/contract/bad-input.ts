/** Requests that a route must refuse, made of one that it takes and of its schemas. */
import { request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import type { ErrorCode } from '@ash-ai/shared';
import { defaultBodyLimitBytes, type Route } from '@ash-ai/shared/contract';
import type { z } from 'zod';
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
