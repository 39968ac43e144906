/**
 * Every route of the contract, against a real server: its answer field by field, its documented errors, and that another
 * tenant is answered as if there were nothing. A route without a row in `rows.ts` does not compile.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ErrorCode, newId } from '@ash-ai/shared';
import { type Contract, contract, type Route } from '@ash-ai/shared/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until, useAsh } from '../../../../test/e2e/harness.ts';
import { endTurns, furnish, type Things } from '../../../../test/e2e/things.ts';
import { internalSecret } from '../routes/tenant.ts';
import { Receiver } from '../webhooks/receiver.ts';
import { badInputs, beyondLimits, tooLarge } from './bad-input.ts';
import { ownersState } from './owners-state.ts';
import { failureOf, type Given, pathOf, request, successOf } from './request.ts';
import { type Make, type Name, type Row, rows } from './rows.ts';
import { Seen } from './seen.ts';

const use = useAsh({
  env: {
    ASH_INTERNAL_SECRET: internalSecret,
    ASH_CREDENTIAL_KEY: 'seals-the-proof',
    ASH_WEBHOOK_TARGETS: '127.0.0.1:*',
    ASH_MAX_ATTACHMENT_SIZE: '1000',
  },
});
let receiver: Receiver;
let there: Things;
/** Of a tenant that has one agent, `theirs`. */
let foreignKey = '';

beforeAll(async () => {
  receiver = await Receiver.start();
  there = await furnish(use.ash, receiver.url);
  await until(async () => {
    const { delivery } = await use.ash.client.getWebhookDelivery(there.webhook, there.delivery);
    return delivery.status === 'delivered';
  });
  foreignKey = use.ash.keyOf('another-tenant');
  await use.ash.clientOf(() => foreignKey).createAgent('theirs', { systemPrompt: 'Theirs.' });
});
afterAll(async () => {
  await endTurns(use.ash, there);
  await receiver[Symbol.asyncDispose]();
});

/** Things of the same kinds, none of which is there. */
function absent(): Things {
  const ids = Object.fromEntries(Object.keys(there).map((name) => [name, newId()])) as unknown as Things;
  return { ...ids, agent: 'none-of-this-name', file: 'none-of-this-name.txt', bundle: there.bundle };
}

/** What a request names. */
function namesIn(make: Make): Name[] {
  const names = new Set<string>();
  const noting = new Proxy(there, {
    get: (things, name: string) => {
      names.add(name);
      return things[name as keyof Things];
    },
  });
  make(noting, use.ash);
  return [...names].filter((name) => name !== 'bundle') as Name[];
}

const keyOf = (route: Route): string => (route.internal ? internalSecret : use.ash.key);
const send = (route: Route, given: Given, key: string | undefined = keyOf(route)) =>
  request(use.ash, route, given, key);
const stateNow = () => ownersState(use.ash, 'default', there.session);

const table = Object.keys(contract).map((name) => {
  const key = name as keyof Contract;
  return { name, route: contract[key] as Route, row: rows[key] as Row };
});

test('every documented error of every route comes here, or in the test that is named', async () => {
  expect(Object.keys(rows).toSorted()).toEqual(Object.keys(contract).toSorted());
  for (const { name, route, row } of table) {
    const elsewhere = Object.entries(row.elsewhere ?? {});
    const here = [...Object.keys(row.errors ?? {}), ...Object.values(row.missing ?? {})].filter((code) =>
      route.errors.includes(code as ErrorCode),
    );
    const told = [...new Set([...here, ...elsewhere.map(([code]) => code)])];
    expect(told.toSorted(), name).toEqual(route.errors.toSorted());
    for (const [code, file] of elsewhere) {
      const source = await readFile(join(import.meta.dirname, '../../../..', file), 'utf8');
      expect(source.includes(code), `${file} names ${code} (${name})`).toBe(true);
    }
  }
});

test.each(table.filter(({ route }) => route.public !== true))(
  '$name without a key, or with a wrong one',
  async ({ route, row }) => {
    const given = row.request(there, use.ash);
    const wrong = route.internal ? 'internal_secret_invalid' : 'invalid_api_key';
    const headers: [Record<string, string>, ErrorCode][] = [
      [{}, 'missing_authorization'],
      [{ authorization: `Basic ${keyOf(route)}` }, 'invalid_authorization_format'],
      [{ authorization: `bearer ${keyOf(route)}` }, 'invalid_authorization_format'],
      [{ authorization: 'Bearer' }, 'invalid_authorization_format'],
      [{ authorization: `Bearer ${keyOf(route)}x` }, wrong],
      [{ authorization: `Bearer ${route.internal ? use.ash.key : internalSecret}` }, wrong],
    ];
    const before = await stateNow();
    for (const [header, code] of headers) {
      const answer = await use.ash.call(route.method, pathOf(route, given), {
        key: undefined,
        headers: { ...given.headers, ...header },
        ...(given.body === undefined ? {} : { body: given.body }),
      });
      expect(await failureOf(route, answer)).toMatchObject({ code });
    }
    expect(await stateNow()).toEqual(before);
  },
);

const ofTenants = table.filter(({ route }) => route.public !== true && route.internal !== true);

test.each(ofTenants)('$name answers another tenant as if there were nothing', async ({ route, row }) => {
  const before = await stateNow();
  for (const make of [row.request, ...(row.also ?? []), ...(row.foreign ?? [])]) {
    const none = absent();
    const [owned, missing] = [make(there, use.ash), make(none, use.ash)];
    const answered = await told(await send(route, owned, foreignKey), there);
    for (const name of Object.keys(there) as Name[]) {
      expect(answered.text.includes(there[name]), `another tenant is told of the ${name}`).toBe(false);
    }
    if (namesIn(make).length > 0) expect(answered).toEqual(await told(await send(route, missing, foreignKey), none));
  }
  expect(await stateNow()).toEqual(before);
});

describe.each(table)('$name', ({ route, row }) => {
  test('bad input', async () => {
    const given = row.request(there, use.ash);
    const before = await stateNow();
    for (const { what, given: bad, code } of badInputs(route, given)) {
      const answer = await send(route, bad);
      expect([what, answer.status < 300 ? answer.status : (await failureOf(route, answer)).code]).toEqual([what, code]);
    }
    if (route.body !== undefined) {
      expect(await tooLarge(use.ash, route, pathOf(route, given), keyOf(route))).toMatchObject([
        413,
        { code: 'body_too_large', statusCode: 413 },
      ]);
    }
    expect(await stateNow()).toEqual(before);
  });

  test('beyond its limits', async () => {
    const given = row.request(there, use.ash);
    const before = await stateNow();
    for (const { what, given: bad } of beyondLimits(route, given)) {
      const answer = await send(route, bad);
      const refused = answer.status < 300 ? { code: 'taken' } : await failureOf(route, answer);
      expect([what, answer.status, refused.code]).toEqual([
        what,
        expect.toBeOneOf([400, 404, 413]),
        expect.stringMatching(/invalid|not_found|too_large|missing|validation_failed/),
      ]);
    }
    expect(await stateNow()).toEqual(before);
  });

  test('what it names is missing', async () => {
    for (const make of [row.request, ...(row.also ?? [])]) {
      for (const name of namesIn(make)) {
        const code = row.missing?.[name];
        expect(code, `what comes without its ${name}`).toBeDefined();
        const answer = await send(route, make({ ...there, [name]: absent()[name] }, use.ash));
        if (code === 'nothing') expect(await goodAnswer(route, answer)).toBeDefined();
        else expect(await failureOf(route, answer)).toMatchObject({ code });
      }
    }
  });

  test('goes well', async () => {
    const { ash } = use;
    const mine = { ...there, ...(await row.fresh?.(ash, there)) };
    const given = row.request(mine, ash);
    const idempotent = route.errors.includes('idempotency_key_reused');
    const headers = { ...given.headers, ...(idempotent ? { 'idempotency-key': newId() } : {}) };
    const answer = await goodAnswer(route, await send(route, { ...given, headers }));
    if (idempotent) {
      const again = await goodAnswer(route, await send(route, { ...given, headers }));
      if (row.moves) expect(idsOf(again)).toEqual(idsOf(answer));
      else expect(again).toEqual(answer);
      const { idempotency_key_reused: other } = row.errors ?? {};
      for (const reused of await requestsOf(other, mine)) {
        const refused = await send(route, { ...reused, headers });
        expect(await failureOf(route, refused)).toMatchObject({ code: 'idempotency_key_reused' });
      }
    }
    for (const make of row.also ?? []) await goodAnswer(route, await send(route, make(mine, ash)));
    for (const [code, requests] of Object.entries(row.errors ?? {})) {
      if (code === 'idempotency_key_reused') continue;
      for (const bad of await requestsOf(requests, mine)) {
        expect([bad, (await failureOf(route, await send(route, bad))).code]).toEqual([bad, code]);
      }
    }
    await row.after?.(ash, mine);
  });
});

const seen = new Seen();

async function goodAnswer(route: Route, response: Response): Promise<unknown> {
  const answer = await successOf(route, response);
  const { reply } = route;
  const { name } = table.find((one) => one.route === route) ?? { name: '' };
  if ('schema' in reply && reply.schema !== undefined && !Buffer.isBuffer(answer))
    seen.note(name, reply.schema, answer);
  return answer;
}

const queue = 'packages/server/test/routes/queue.test.ts';
const webhooks = 'packages/server/test/routes/webhooks.test.ts';
const egress = 'test/e2e/egress.test.ts';
const long = 'packages/sandbox/test/workspace/files.test.ts';
/** Fields that need more than a request to each route, and the test where they come. */
const seenElsewhere: Readonly<Record<string, string>> = {
  'EgressRecord.address': egress,
  'EgressRecord.reason': egress,
  'QueueItem.retryAfter': queue,
  'QueueItem.turnId': queue,
  'WebhookDelivery.lastError': 'packages/server/test/webhooks/worker.test.ts',
  'WebhookDelivery.queueItemId': webhooks,
  'WebhookDelivery.sessionId': webhooks,
  'interruptSession.turnId': 'test/e2e/cutting-short.test.ts',
  'listAgentFiles.truncated': long,
  'listSessionFiles.truncated': long,
};
/** Fields that the server never fills by itself. */
const unfilled: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['runnerId', 'host', 'port', 'active', 'max', 'lastHeartbeat'].map((name) => [
      `Runner.${name}`,
      'there is no fleet',
    ]),
  ),
  'Session.runnerId': 'there is no fleet',
  'Approval.agentId': 'the agent runtime says which subagent asks',
  'Approval.reason': 'the agent runtime says why, or does not',
  'Approval.title': 'the agent runtime gives one, or does not',
};

test('every field of every answer has come', async () => {
  // Some of those come here as well, when a delivery or an item is quick.
  const known = { ...seenElsewhere, ...unfilled };
  expect(seen.missing().filter((field) => !(field in known))).toEqual([]);
  for (const [field, file] of Object.entries(seenElsewhere)) {
    const source = await readFile(join(import.meta.dirname, '../../../..', file), 'utf8');
    expect(source.includes(field.split('.').at(-1) ?? ''), `${file} names ${field}`).toBe(true);
  }
});

async function requestsOf(cases: NonNullable<Row['errors']>[ErrorCode], mine: Things): Promise<Given[]> {
  if (cases === undefined) return [];
  if (typeof cases === 'function') return [cases(mine, use.ash)];
  if ('fresh' in cases) return [cases.request({ ...mine, ...(await cases.fresh(use.ash, mine)) }, use.ash)];
  return cases.map((make) => make(mine, use.ash));
}

function idsOf(answer: unknown): string[] {
  return JSON.stringify(answer).match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
}

/** An answer without what every answer has of its own, and with names in place of what the request named. */
async function told(response: Response, named: Things): Promise<{ status: number; headers: object; text: string }> {
  const { date: _, 'x-request-id': requestId, 'content-length': __, ...headers } = Object.fromEntries(response.headers);
  let text = (await response.text()).replaceAll(String(requestId), '<request>');
  for (const name of Object.keys(named) as Name[]) text = text.replaceAll(named[name], `<${name}>`);
  for (const name of Object.keys(headers))
    if (name.startsWith('x-ratelimit') || name.startsWith('ratelimit'))
      delete (headers as Record<string, string>)[name];
  return { status: response.status, headers, text };
}
