/** The OpenAPI document and the page made of it. */
import { createHash } from 'node:crypto';
import { errorTable } from '@ash-ai/shared';
import { contract, type Route } from '@ash-ai/shared/contract';
import { expect, test } from 'vitest';
import { templateOf } from '../../src/http/openapi.ts';
import type { OpenApiDocument } from '../../src/http/openapi-document.ts';
import { fixtureRooms } from './rooms.ts';
import { serve } from './server.ts';

async function read(): Promise<{
  document: OpenApiDocument;
  text: string;
  page: string;
  headers: Headers;
  port: number;
}> {
  await using server = await serve({ rooms: fixtureRooms().rooms });
  const text = await (await fetch(`${server.url}/docs/json`)).text();
  const response = await fetch(`${server.url}/docs`);
  return {
    document: JSON.parse(text) as OpenApiDocument,
    text,
    page: await response.text(),
    headers: response.headers,
    port: server.port,
  };
}

test('the document has every route of the contract, with its errors', async () => {
  const { document, port } = await read();
  expect(document).toMatchObject({
    openapi: '3.1.0',
    info: { title: 'Ash API', version: '1.2.3' },
    servers: [{ url: `http://localhost:${port}` }],
    security: [{ apiKey: [] }],
    components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
  });
  for (const [name, route] of Object.entries<Route>(contract)) {
    const path = templateOf(route);
    const operation = document.paths[path]?.[route.method.toLowerCase()];
    expect(operation, name).toMatchObject({ operationId: name, tags: [route.tag], summary: route.summary });
    expect(Object.keys(operation?.responses ?? {})).toContain(String(route.reply.status));
    expect(operation?.security).toEqual(route.public ? [] : route.internal ? [{ internalSecret: [] }] : undefined);
    for (const code of route.errors) {
      expect(operation?.responses[errorTable[code].status]?.['x-error-codes'], `${name} ${code}`).toContain(code);
    }
    const inPath = (operation?.parameters ?? []).filter((parameter) => parameter.in === 'path');
    expect(inPath.map(({ name: parameter }) => `{${parameter}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
    expect(inPath.every(({ required }) => required)).toBe(true);
  }
});

test('streams are event streams, and the headers that routes read are there', async () => {
  const { document } = await read();
  const send = document.paths['/api/sessions/{id}/messages']?.post;
  const follow = document.paths['/api/sessions/{id}/stream']?.get;
  for (const operation of [send, follow]) {
    expect(Object.keys(operation?.responses['200']?.content ?? {})).toEqual(['text/event-stream']);
  }
  expect(send?.parameters?.map(({ name }) => name)).toContain('Idempotency-Key');
  expect(follow?.parameters?.map(({ name }) => name)).toContain('Last-Event-ID');
});

test('every reference leads somewhere, and no schema is said twice', async () => {
  const { document, text } = await read();
  const names = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference);
  for (const reference of names) {
    expect(document.components.schemas).toHaveProperty(String(reference).replace('#/components/schemas/', ''));
  }
  expect(names.length).toBeGreaterThan(10);
  const schemas = Object.values(document.components.schemas).map((schema) => JSON.stringify(schema));
  expect(new Set(schemas).size).toBe(schemas.length);
  expect(text).not.toMatch(/\$defs|\$schema|"pattern"|9007199254740991/);
});

test('the page has every route and loads nothing', async () => {
  const { page, headers, port } = await read();
  for (const [name, route] of Object.entries<Route>(contract)) {
    expect(page).toContain(`id="${name}"`);
    expect(page).toContain(route.summary.replace("'", '&#39;'));
  }
  for (const code of Object.keys(errorTable)) expect(page).toContain(`id="code-${code}"`);
  const local = page.replaceAll(`http://localhost:${port}`, '').replaceAll('https://api.anthropic.com', '');
  expect(local).not.toMatch(/https?:\/\//);
  expect(page).not.toMatch(/<script|src=|@import|url\(|undefined|\[object/);
  const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, target]) => target);
  for (const target of links) expect(page).toContain(`id="${target}"`);
  const style = /<style>([\s\S]*)<\/style>/.exec(page)?.[1] ?? '';
  const policy = headers.get('content-security-policy');
  expect(policy).toContain(`sha256-${createHash('sha256').update(style).digest('base64')}`);
  expect(policy).toContain("default-src 'none'");
  expect(headers.get('x-frame-options')).toBe('DENY');
  expect(headers.get('access-control-allow-origin')).toBeNull();
});
