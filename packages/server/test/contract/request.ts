/** Requests to the routes of the contract, and what must be true of every answer. */
import { type ErrorBody, type ErrorCode, errorTable, readSse } from '@ash-ai/shared';
import { bodyErrors, commonErrors, internalErrors, keyErrors, type Route } from '@ash-ai/shared/contract';
import { expect } from 'vitest';
import type { Ash } from '../../../../test/e2e/harness.ts';
import { eventShapes } from './event-shapes.ts';

/** What a route is called with. */
export interface Given {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  /** Text is sent as it is. */
  body?: unknown;
  headers?: Record<string, string>;
}

/** Calls a route. @param key sent as a bearer's; `undefined` sends none */
export async function request(ash: Ash, route: Route, given: Given, key: string | undefined): Promise<Response> {
  const { body, headers = {} } = given;
  return await ash.call(route.method, pathOf(route, given), { key, headers, ...(body === undefined ? {} : { body }) });
}

/** The path and query of a request. */
export function pathOf(route: Route, { params = {}, query = {} }: Given): string {
  const path = route.path
    .replace(/:(\w+)/g, (_, name: string) => encoded(params[name] ?? ''))
    .replace(/\*$/, () => (params.path ?? '').split('/').map(encoded).join('/'));
  const search = Object.entries(query).map(([name, value]) => `${name}=${encoded(String(value))}`);
  return search.length === 0 ? path : `${path}?${search.join('&')}`;
}

/** Percent-encoded, half a surrogate pair too, as a careless client would have it. */
function encoded(text: string): string {
  return text.replace(/[\ud800-\udfff](?![\udc00-\udfff])|[^\ud800-\udfff]+|[\ud800-\udbff][\udc00-\udfff]/g, (part) =>
    part.isWellFormed() ? encodeURIComponent(part) : '%ED%A0%BD',
  );
}

/** Codes that a route says it may answer. */
export function documentedCodes(route: Route): Set<ErrorCode> {
  return new Set([
    ...route.errors,
    ...commonErrors,
    ...(route.body === undefined ? [] : bodyErrors),
    ...(route.internal ? internalErrors : route.public ? [] : keyErrors),
  ]);
}

/** The body of an error, checked field by field; its code is one that the route documents. */
export async function failureOf(route: Route, response: Response): Promise<ErrorBody & { code: ErrorCode }> {
  const body = (await response.json()) as ErrorBody & { code: ErrorCode };
  const { error, statusCode, code, suggestion, details, requestId, ...others } = body;
  expect(others).toEqual({});
  expect({ error, statusCode, requestId }).toEqual({
    error: expect.stringMatching(/\S/),
    statusCode: response.status,
    requestId: response.headers.get('x-request-id'),
  });
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(documentedCodes(route), 'the codes that the route documents').toContain(code);
  expect(response.status).toBe(errorTable[code].status);
  expect(suggestion).toBe((errorTable[code] as { suggestion?: string }).suggestion);
  if (details !== undefined) expect(details).toBeTypeOf('object');
  return body;
}

/** The answer to a request that went well: exactly what the route's row says, not a field less or more. */
export async function successOf(route: Route, response: Response): Promise<unknown> {
  const { reply } = route;
  if (response.status !== reply.status) expect([response.status, await response.text()]).toEqual([reply.status, '']);
  expect(response.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  const mediaType = response.headers.get('content-type');
  if (reply.kind === 'none') {
    expect([await response.text(), mediaType]).toEqual(['', null]);
    return undefined;
  }
  if (reply.kind === 'stream') {
    expect(mediaType).toBe('text/event-stream');
    return await eventsOf(response);
  }
  const asJson = mediaType === 'application/json; charset=utf-8' && !response.headers.has('content-disposition');
  if (reply.kind === 'bytes' && !asJson) {
    if (reply.mediaType !== undefined) expect(mediaType).toBe(reply.mediaType);
    expect(response.headers.get('content-disposition')).toMatch(/^attachment; filename/);
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = response.headers.get('content-length');
    if (length !== null) expect(bytes).toHaveLength(Number(length));
    return bytes;
  }
  expect(asJson).toBe(true);
  const answer: unknown = await response.json();
  // The schemas drop what they don't know, so that whatever the row does not declare shows as a difference.
  expect(reply.schema?.parse(answer)).toStrictEqual(answer);
  checkInstants(answer);
  return answer;
}

/** Instants are ISO 8601 in UTC with milliseconds, wherever they stand. */
function checkInstants(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (/(?:At|At?Of|Until|retryAfter|lastHeartbeat)$/.test(name) && typeof inner === 'string' && inner !== '') {
      expect(inner, name).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    }
    checkInstants(inner);
  }
}

async function eventsOf(response: Response): Promise<unknown[]> {
  if (response.body === null) throw new Error('no body');
  const events: { event: string; data: unknown }[] = [];
  for await (const { event, data } of readSse(response.body)) events.push({ event, data: JSON.parse(data) });
  for (const { event, data } of events) {
    const shape = eventShapes[event];
    expect(shape, `an event "${event}"`).toBeDefined();
    expect(shape?.parse(data)).toStrictEqual(data);
  }
  expect(events.at(-1)?.event).toBe('done');
  return events;
}
