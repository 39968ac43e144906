/**
 * Every text that a caller can set, in every route, driven by the schemas: whatever Unicode it holds it comes back as it was,
 * or is refused with a code. A text that this test has no reader for fails it.
 */
import { contract, type Route } from '@ash-ai/shared/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { endTurns, furnish, type Things } from '../../../../test/e2e/things.ts';
import { openApiDocument } from '../../src/http/openapi.ts';
import type { JsonSchema } from '../../src/http/openapi-schemas.ts';
import { internalSecret } from '../routes/tenant.ts';
import * as fresh from './fresh.ts';
import { freeName, printing, readers, unread } from './read-back.ts';
import { failureOf, type Given, request } from './request.ts';
import { rows } from './rows.ts';
import { type Leaf, stringLeaves } from './string-leaves.ts';

const use = useAsh({
  env: {
    ASH_INTERNAL_SECRET: internalSecret,
    ASH_CREDENTIAL_KEY: 'seals-the-sweep',
    ASH_WEBHOOK_TARGETS: '*.example',
    ASH_MAX_SANDBOXES: '8',
  },
});
let there: Things;
beforeAll(async () => {
  there = await furnish(use.ash, 'https://hooks.invalid/ash');
});
afterAll(async () => {
  await leaveWaiting();
  await endTurns(use.ash, there);
});

const texts: Readonly<Record<string, string>> = {
  'right to left': '\u202eabc\u2067العربية',
  'combining marks': 'e\u0301\u0327 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L',
  'joined emoji': '👩‍👩‍👧‍👦🏳️‍🌈',
  'no characters': 'a\uffff\ufffe\u{10ffff}',
  'a byte order mark': '\ufeffabc',
  quotes: `it's "quoted" \`back\` \\ $(id) \${HOME} <b> & ; -- %s %00 {{x}}`,
  'line breaks': 'a\nb\r\nc\td\u2028e\u0085f',
  'control characters': 'a\u0001\u001b[31m\u007fb',
  'white space': '  ',
};
/** Where each text needs a sandbox of its own, those that are mostly taken come as one. */
const fewer: Readonly<Record<string, string>> = {
  'half a surrogate pair': 'a\ud83d',
  NUL: 'a\0b',
  'all kinds of text': Object.values(texts).join(''),
  'a way to the prototype': '__proto__',
  'a relative path': '../../x',
  '100,000 characters of three bytes': '€'.repeat(100_000),
};
const odd: Readonly<Record<string, string>> = {
  ...texts,
  ...fewer,
  'the other half': '\udc00a',
  nothing: '',
  '100 kB': 'x'.repeat(100_000),
};
const dear: readonly string[] = ['createSession', 'answerApproval'] satisfies (keyof typeof contract)[];

interface Place extends Leaf {
  route: Route;
  name: keyof typeof contract;
  part: 'params' | 'query' | 'body';
  field: string;
}

const places: Place[] = (Object.keys(contract) as (keyof typeof contract)[]).flatMap((name) => {
  const route: Route = contract[name];
  return (['params', 'query', 'body'] as const).flatMap((part) =>
    Object.entries(route[part]?.shape ?? {}).flatMap(([field, schema]) =>
      stringLeaves(schema).map((leaf) => ({ ...leaf, route, name, part, field, path: `${name}.${field}${leaf.path}` })),
    ),
  );
});
const settable = places.filter(({ part }) => part === 'body');

test('every text that can be set is read again, or it is said why not', () => {
  const known = [...Object.keys(readers), ...Object.keys(unread)];
  expect(known.toSorted()).toEqual([...new Set(settable.map(({ path }) => path))].toSorted());
});

test('every text of a request says how long it may be', () => {
  const { paths, components } = openApiDocument('0', 'http://localhost');
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const endless = operations.flatMap(({ operationId, parameters = [], requestBody }) => [
    ...parameters.flatMap(({ name, schema }) => endlessTexts(`${operationId}.${name}`, schema, components.schemas)),
    ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
      endlessTexts(operationId, schema, components.schemas),
    ),
  ]);
  expect(endless).toEqual([]);
});

const bounds = ['maxLength', 'enum', 'const', 'format', 'contentEncoding', 'pattern'];

/** Where a schema has text that may be of any length. What is passed through as any JSON is bounded by its body alone. */
function endlessTexts(at: string, schema: JsonSchema, components: Record<string, JsonSchema>): string[] {
  const inner = (name: string, value: unknown): string[] =>
    endlessTexts(`${at}${name}`, value as JsonSchema, components);
  if (typeof schema.$ref === 'string') return inner('', components[schema.$ref.split('/').at(-1) ?? '']);
  if (schema.type === 'string') return bounds.some((word) => word in schema) ? [] : [at];
  const { additionalProperties: values, propertyNames: names = {} } = schema;
  const isRecord = typeof values === 'object' && Object.keys(values ?? {}).length > 0;
  return [
    ...[schema.anyOf, schema.oneOf, schema.allOf]
      .flat()
      .flatMap((option) => (option === undefined ? [] : inner('', option))),
    ...Object.entries(schema.properties ?? {}).flatMap(([name, property]) => inner(`.${name}`, property)),
    ...(schema.items === undefined ? [] : inner('[]', schema.items)),
    ...(isRecord ? [...inner('.*', values), ...inner('.{}', { type: 'string', ...(names as JsonSchema) })] : []),
  ];
}

describe.each(places)('$path', ({ name, route, part, field, path, put }) => {
  test('is what it was, or refused', async () => {
    const { ash } = use;
    let mine = there;
    let tried = 0;
    for (const [what, text] of Object.entries(part === 'body' && dear.includes(name) ? fewer : odd)) {
      // Node ends an overlong head before there is a request: bad-input.test.ts.
      if (part !== 'body' && text.length > 10_000) continue;
      if (name === 'sendMessage') mine = await withRoom();
      if (name === 'answerApproval' && part === 'body') {
        if (!/half|all kinds|characters of/.test(what)) continue;
        mine = { ...there, ...(await fresh.approval(ash, there)) };
      }
      const given = goodRequest(name, mine);
      const filled = put(name === 'execInSession' && part === 'body' ? printing(text) : text);
      const sent = { ...given, [part]: { ...(given[part] as object), [field]: filled } } as Given;
      // As a caller's JSON has it, where `__proto__` is a name like others.
      const response = await request(ash, route, sent, route.internal ? internalSecret : ash.key);
      tried += 1;
      const label = `${path}: ${what}`;
      if (response.status >= 400) {
        const { code } = await failureOf(route, response);
        expect(response.status, `${label}: ${code}`).toBeLessThan(500);
      } else if (part === 'body') {
        const answer = route.reply.kind === 'json' ? await response.json() : await response.body?.cancel();
        const read = await readers[path]?.({ ash, there: mine, given: sent, body: sent.body, answer, text });
        if (readers[path] !== undefined) expect(read, label).toBe(text);
        await tidy(name, answer, mine);
      } else await response.body?.cancel();
      if (name === 'answerApproval' && part === 'body') await ash.client.endSession(mine.asking);
    }
    expect(tried).toBeGreaterThan(0);
  });
});

/** Messages wait behind a turn that waits for an approval: 100 at most. */
let waiting = { things: undefined as Things | undefined, messages: 0 };
async function withRoom(): Promise<Things> {
  const { things, messages } = waiting;
  if (things !== undefined && messages < 90) {
    waiting.messages += 1;
    return things;
  }
  await leaveWaiting();
  waiting = { things: { ...there, ...(await fresh.approval(use.ash, there)) }, messages: 1 };
  return waiting.things as Things;
}

async function leaveWaiting(): Promise<void> {
  if (waiting.things !== undefined) await use.ash.client.endSession(waiting.things.asking);
}

/** A request that goes well, and may do so many times. */
function goodRequest(name: keyof typeof contract, mine: Things): Given {
  const { asking, agent, ended } = mine;
  switch (name) {
    case 'sendMessage':
      // It waits behind the turn that waits.
      return { params: { id: asking }, body: { content: 'Hello!' } };
    case 'createSession':
      return { body: { agent } };
    case 'deployAgent':
      return { body: { name: freeName() } };
    case 'enqueue':
      return { body: { agentName: agent, prompt: 'Hi', sessionId: ended, maxRetries: 0 } };
    case 'writeSessionFiles':
      return { params: { id: mine.session }, body: { files: [{ path: 'example', content: '' }], targetPath: 'odd' } };
    default:
      return rows[name].request(mine, use.ash);
  }
}

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON was answered
async function tidy(name: string, answer: any, mine: Things): Promise<void> {
  const { client } = use.ash;
  if (name === 'createSession') await client.endSession(answer.session.id);
  if (name === 'createWebhook') await client.deleteWebhook(answer.webhook.id);
  if (name === 'updateWebhook') await client.updateWebhook(mine.webhook, { enabled: true });
}
