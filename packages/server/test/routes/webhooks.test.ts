/** Webhooks over HTTP: every route's answer field by field, its errors, its limits, another tenant's access. */
import { newId } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { useAsh } from '../../../../test/e2e/harness.ts';
import { Receiver } from '../webhooks/receiver.ts';
import { env, failure, missingFor, otherKey } from './tenant.ts';

const server = useAsh({ env: { ...env, ASH_WEBHOOK_TARGETS: '127.0.0.1:*' } });
const uuid = expect.stringMatching(/^[0-9a-f-]{36}$/);
const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const url = 'https://hooks.invalid/ash';

const call = (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
  key = server.ash.key,
) => server.ash.call(method, `/api/webhooks${path}`, { ...(body === undefined ? {} : { body }), headers, key });
// biome-ignore lint/suspicious/noExplicitAny: whatever JSON was answered
const json = async (response: Response): Promise<any> => await response.json();

test('endpoints are made, read, changed and deleted', async () => {
  const key = await otherKey(server.ash);
  const of = (method: string, path: string, body?: unknown) => call(method, path, body, {}, key);
  const created = await of('POST', '', { url, events: ['turn.completed'], description: 'Grüße "an" alle\n' });
  expect(created.status).toBe(201);
  const made = await json(created);
  expect(made).toEqual({
    webhook: {
      id: uuid,
      tenantId: expect.stringMatching(/^tenant-/),
      url,
      description: 'Grüße "an" alle\n',
      events: ['turn.completed'],
      enabled: true,
      previousSecretUntil: null,
      createdAt: instant,
      updatedAt: instant,
    },
    secret: expect.stringMatching(/^whsec_[A-Za-z0-9+/]{43}=$/),
  });
  const { webhook } = made;
  expect(await json(await of('GET', ''))).toEqual({ webhooks: [webhook] });
  expect(await json(await of('GET', `/${webhook.id}`))).toEqual({ webhook });

  const changes = { url: `${url}/2`, events: null, description: '', enabled: false };
  const changed = await of('PATCH', `/${webhook.id}`, changes);
  expect([changed.status, await json(changed)]).toEqual([
    200,
    { webhook: { ...webhook, ...changes, updatedAt: instant } },
  ]);
  expect((await json(await of('PATCH', `/${webhook.id}`, {}))).webhook).toMatchObject(changes);
  const rotated = await of('POST', `/${webhook.id}/rotate-secret`);
  expect(rotated.status).toBe(200);
  const next = await json(rotated);
  expect(next).toEqual({
    webhook: { ...webhook, ...changes, previousSecretUntil: instant, updatedAt: instant },
    secret: expect.stringMatching(/^whsec_/),
  });
  expect(next.secret).not.toBe(made.secret);
  const deleted = await of('DELETE', `/${webhook.id}`);
  expect([deleted.status, await deleted.text()]).toEqual([204, '']);
  expect(await json(await of('GET', ''))).toEqual({ webhooks: [] });
});

test('deliveries are listed by pages and states, shown with what they send, and sent again', async () => {
  await using receiver = await Receiver.start();
  const { webhook } = await json(
    await call('POST', '', { url: receiver.url, events: ['session.created', 'session.ended'] }),
  );
  const at = `/${webhook.id}/deliveries`;
  const session = await server.ash.session();
  await receiver.until((got) => got.length === 1);
  const [delivered] = await untilDelivered(at, 1);
  expect(delivered).toEqual({
    id: uuid,
    webhookId: webhook.id,
    eventId: `msg_${session.id}_1`,
    type: 'session.created',
    sessionId: session.id,
    queueItemId: null,
    status: 'delivered',
    attempts: 1,
    nextAttemptAt: null,
    lastAttemptAt: instant,
    lastStatusCode: 204,
    lastError: null,
    createdAt: instant,
    deliveredAt: instant,
  });
  expect(await json(await call('GET', `${at}/${delivered.id}`))).toEqual({
    delivery: delivered,
    payload: receiver.got[0]?.event,
  });
  expect(receiver.got[0]?.event).toEqual({
    type: 'session.created',
    timestamp: delivered.createdAt,
    data: {
      tenantId: 'default',
      sessionId: session.id,
      agentName: 'agent',
      agentVersion: expect.any(Number),
      turnId: null,
      sequence: 1,
    },
  });

  const tested = await call('POST', `/${webhook.id}/test`);
  expect(tested.status).toBe(202);
  const { delivery } = await json(tested);
  expect(delivery).toMatchObject({ type: 'webhook.test', status: 'pending', sessionId: null, attempts: 0 });
  await receiver.until((got) => got.length === 2);
  expect(receiver.got[1]?.event).toMatchObject({ type: 'webhook.test', data: { webhookId: webhook.id } });
  await server.ash.client.endSession(session.id);
  await untilDelivered(at, 3);

  const list = async (query: string) => (await json(await call('GET', `${at}?${query}`))).deliveries;
  const all = await list('');
  expect(all.map(({ type }: { type: string }) => type)).toEqual(['session.ended', 'webhook.test', 'session.created']);
  expect(await list('limit=1')).toEqual(all.slice(0, 1));
  expect(await list(`limit=5&before=${all[0].id}`)).toEqual(all.slice(1));
  expect(await list('type=session.created&status=delivered')).toEqual(all.slice(2));
  expect(await list('status=failed')).toEqual([]);

  const again = await call('POST', `${at}/${delivered.id}/redeliver`);
  expect([again.status, await json(again)]).toEqual([
    202,
    { delivery: { ...delivered, status: 'pending', attempts: 0, nextAttemptAt: instant, deliveredAt: null } },
  ]);
  await receiver.until((got) => got.length === 4);
  await untilDelivered(at, 3);
  const since = all[2].createdAt;
  const replayed = await call('POST', `/${webhook.id}/replay`, {
    since,
    until: all[0].createdAt,
    statuses: ['delivered'],
  });
  expect(replayed.status).toBe(202);
  expect(await json(replayed)).toEqual({ replayed: 2 });
  await receiver.until((got) => got.length === 6);
  expect(receiver.ids).toHaveLength(3);
});

/** The deliveries, once so many of them are delivered. */
async function untilDelivered(path: string, count: number) {
  for (;;) {
    const { deliveries } = await json(await call('GET', `${path}?status=delivered`));
    if (deliveries.length === count) return deliveries;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('what is asked for twice with one key is done once', async () => {
  const headers = { 'idempotency-key': newId() };
  const first = await json(await call('POST', '', { url }, headers));
  expect(await json(await call('POST', '', { url }, headers))).toEqual(first);
  expect(await failure(await call('POST', '', { url: `${url}/other` }, headers))).toEqual([
    422,
    'idempotency_key_reused',
  ]);
  const { id } = first.webhook;
  const rotating = { 'idempotency-key': newId() };
  const rotated = await json(await call('POST', `/${id}/rotate-secret`, { overlapSeconds: 60 }, rotating));
  expect(await json(await call('POST', `/${id}/rotate-secret`, { overlapSeconds: 60 }, rotating))).toEqual(rotated);
  const testing = { 'idempotency-key': newId() };
  const tested = await json(await call('POST', `/${id}/test`, undefined, testing));
  expect((await json(await call('POST', `/${id}/test`, undefined, testing))).delivery.id).toBe(tested.delivery.id);
  expect((await json(await call('GET', `/${id}/deliveries`))).deliveries).toHaveLength(1);
  await call('DELETE', `/${id}`);
});

test('errors name what is wrong', async () => {
  const { webhook } = await json(await call('POST', '', { url }));
  const at = `/${webhook.id}`;
  const bad: [string, string, unknown][] = [
    ['POST', '', {}],
    ['POST', '', { url: 'x'.repeat(2049) }],
    ['POST', '', { url, events: [] }],
    ['POST', '', { url, events: ['turn.done'] }],
    ['POST', '', { url, description: 'x'.repeat(256) }],
    ['POST', '', { url, description: 'a\0b' }],
    ['PATCH', at, { enabled: 'maybe' }],
    ['POST', `${at}/rotate-secret`, { overlapSeconds: -1 }],
    ['POST', `${at}/rotate-secret`, { overlapSeconds: 604_801 }],
    ['POST', `${at}/replay`, {}],
    ['POST', `${at}/replay`, { since: 'yesterday' }],
    ['POST', `${at}/replay`, { since: '2026-01-01T00:00:00Z', statuses: ['pending'] }],
    ['GET', `${at}/deliveries?limit=0`, undefined],
    ['GET', `${at}/deliveries?limit=501`, undefined],
    ['GET', `${at}/deliveries?status=lost`, undefined],
    ['GET', `${at}/deliveries?before=x`, undefined],
    ['GET', '/no-uuid', undefined],
  ];
  for (const [method, path, body] of bad) {
    expect([path, body, await failure(await call(method, path, body))]).toEqual([
      path,
      body,
      [400, 'validation_failed'],
    ]);
  }
  for (const target of ['http://example.com/', 'https://10.0.0.1/', 'https://user@example.com/', 'nonsense']) {
    expect(await failure(await call('POST', '', { url: target }))).toEqual([400, 'webhook_url_invalid']);
    expect(await failure(await call('PATCH', at, { url: target }))).toEqual([400, 'webhook_url_invalid']);
  }
  for (const [method, path, body] of routesOf(newId(), newId())) {
    expect(await failure(await call(method, path, body))).toEqual([404, 'webhook_not_found']);
  }
  for (const [method, path] of [
    ['GET', `${at}/deliveries/${newId()}`],
    ['POST', `${at}/deliveries/${newId()}/redeliver`],
  ] as const) {
    expect(await failure(await call(method, path))).toEqual([404, 'webhook_delivery_not_found']);
  }
  await call('PATCH', at, { enabled: false });
  for (const [path, body] of [
    ['test'],
    ['replay', { since: '2026-01-01T00:00:00Z' }],
    [`deliveries/${newId()}/redeliver`],
  ]) {
    expect(await failure(await call('POST', `${at}/${path}`, body))).toEqual([409, 'webhook_disabled']);
  }
  await call('DELETE', at);
});

function routesOf(id: string, deliveryId: string): [method: string, path: string, body?: unknown][] {
  return [
    ['GET', `/${id}`],
    ['PATCH', `/${id}`, { enabled: true }],
    ['DELETE', `/${id}`],
    ['POST', `/${id}/rotate-secret`],
    ['POST', `/${id}/test`],
    ['POST', `/${id}/replay`, { since: '2026-01-01T00:00:00Z' }],
    ['GET', `/${id}/deliveries`],
    ['GET', `/${id}/deliveries/${deliveryId}`],
    ['POST', `/${id}/deliveries/${deliveryId}/redeliver`],
  ];
}

test('another tenant finds none of it, and is told of nothing', async () => {
  const { ash } = server;
  await using receiver = await Receiver.start();
  const key = await otherKey(ash);
  const { webhook } = await json(await call('POST', '', { url }));
  const { delivery } = await json(await call('POST', `/${webhook.id}/test`));
  const routes = routesOf(webhook.id, delivery.id).map(
    ([method, path, ...body]) => [method, `/api/webhooks${path}`, ...body] as const,
  );
  await missingFor(ash, key, 'webhook_not_found', routes);
  const theirs = await json(await call('POST', '', { url: receiver.url }, {}, key));
  expect(await json(await call('GET', '', undefined, {}, key))).toEqual({ webhooks: [theirs.webhook] });
  await ash.session();
  await call('POST', `/${theirs.webhook.id}/test`, undefined, {}, key);
  await receiver.until((got) => got.length === 1);
  expect(receiver.got.map(({ event }) => event.type)).toEqual(['webhook.test']);
  await call('DELETE', `/${webhook.id}`);
});

test('there are at most 50', async () => {
  const key = await otherKey(server.ash);
  for (let n = 0; n < 50; n += 1) expect((await call('POST', '', { url }, {}, key)).status).toBe(201);
  expect(await failure(await call('POST', '', { url }, {}, key))).toEqual([409, 'webhook_limit_reached']);
});
