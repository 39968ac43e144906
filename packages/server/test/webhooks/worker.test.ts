/** The worker with a real store and real receivers: what it sends, how it tries again, what it gives up. */
import type { ServerResponse } from 'node:http';
import { verifyWebhook } from '@ash-ai/sdk';
import { newId } from '@ash-ai/shared';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { certificate, certificateKey } from '../../../bridge/test/egress/fixture-certificate.ts';
import { createSeal } from '../../src/credentials/seal.ts';
import * as logStore from '../../src/store/log.ts';
import type { Store } from '../../src/store/open.ts';
import * as deliveryStore from '../../src/store/webhook-deliveries.ts';
import { Targets } from '../../src/webhooks/target.ts';
import { Webhooks } from '../../src/webhooks/webhooks.ts';
import { WebhookWorker, type WebhookWorkerOptions } from '../../src/webhooks/worker.ts';
import { opened, temporaryFolder } from '../store/backend.ts';
import { newSession, upTo } from '../store/backend-rows.ts';
import { Receiver } from './receiver.ts';

const tenantId = 'default';
const seal = createSeal('master secret of the tests');

async function setUp(options: WebhookWorkerOptions & { listed?: string[] } = {}) {
  const store = await opened({ file: `${temporaryFolder()}/ash.db` });
  const targets = new Targets(options.listed ?? ['127.0.0.1:*']);
  const logger = pino({ level: 'silent' });
  const startWorker = async (): Promise<WebhookWorker> => {
    const rooms = { store, seal, targets, logger, version: '1.2.3' };
    const worker = new WebhookWorker(rooms, { pollMs: 10, waitsMs: [20, 20], ...options });
    onTestFinished(() => worker[Symbol.asyncDispose]());
    await worker.start();
    return worker;
  };
  const receiver = await Receiver.start();
  onTestFinished(() => receiver[Symbol.asyncDispose]());
  const webhooks = new Webhooks({ store, seal, targets, nudge: () => undefined });
  const create = (url = receiver.url) => webhooks.create(tenantId, { url, events: null, description: '' });
  return { store, startWorker, receiver, webhooks, create };
}

/** A session whose log has one end of a turn for each of `turns`. */
async function turnsEnded(store: Store, turns: number): Promise<string> {
  const { id } = await newSession(store);
  const createdAt = new Date().toISOString();
  for (const n of upTo(turns)) {
    const entries = [
      { type: 'turn_accepted', turnId: `turn-${n}`, createdAt, data: { content: 'Hello' } },
      { type: 'message', turnId: `turn-${n}`, createdAt, data: { type: 'result', num_turns: 2, result: `Done ${n}` } },
      { type: 'turn_ended', turnId: `turn-${n}`, createdAt, data: { outcome: 'completed' } },
    ];
    await store.write((tx) => logStore.append(tx, { sessionId: id, entries }));
  }
  return id;
}

/** Resolves with the delivery once it is as wanted. */
async function become(
  { webhooks }: { webhooks: Webhooks },
  webhookId: string,
  wanted: (delivery: Awaited<ReturnType<Webhooks['deliveries']>>[number]) => boolean,
) {
  for (;;) {
    const [delivery] = await webhooks.deliveries(tenantId, webhookId, { limit: 1 });
    if (delivery !== undefined && wanted(delivery)) return delivery;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('an event is sent signed, and says what happened', async () => {
  const { store, startWorker, receiver, create, webhooks } = await setUp();
  const { webhook, secret } = await create();
  const sessionId = await turnsEnded(store, 1);
  await startWorker();
  await receiver.until((got) => got.length === 1);
  const [{ headers, body } = { headers: {}, body: '' }] = receiver.got;
  expect(headers).toMatchObject({
    'content-type': 'application/json',
    'user-agent': 'Ash-Webhooks/1.2.3',
    'webhook-id': `msg_${sessionId}_3`,
    'webhook-signature': expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
  });
  expect(await verifyWebhook({ body, headers, secret })).toEqual({
    id: `msg_${sessionId}_3`,
    type: 'turn.completed',
    timestamp: expect.any(String),
    data: {
      ...{ tenantId, sessionId, agentName: 'agent', turnId: 'turn-0', sequence: 3 },
      ...{ numTurns: 2, result: 'Done 0' },
    },
  });
  const delivered = await become({ webhooks }, webhook.id, ({ status }) => status === 'delivered');
  expect(delivered).toMatchObject({ attempts: 1, lastStatusCode: 204, lastError: null, nextAttemptAt: null });
  const { payload } = await webhooks.delivery(tenantId, webhook.id, delivered.id);
  expect(payload).toEqual(JSON.parse(body));
});

test('what fails is tried again, the same each time, then given up, and sent on demand', async () => {
  const { store, startWorker, receiver, create, webhooks } = await setUp();
  const { webhook, secret } = await create();
  receiver.answer = (_got, response) => void response.writeHead(500).end('no');
  const sessionId = await turnsEnded(store, 1);
  const worker = await startWorker();
  const failed = await become({ webhooks }, webhook.id, ({ status }) => status === 'failed');
  expect(failed).toMatchObject({
    attempts: 3,
    lastStatusCode: 500,
    lastError: 'it answered 500',
    nextAttemptAt: null,
    deliveredAt: null,
  });
  expect(receiver.ids).toEqual([`msg_${sessionId}_3`]);
  expect(new Set(receiver.got.map(({ body }) => body)).size).toBe(1);
  receiver.answer = (_got, response) => void response.writeHead(200).end();
  expect(await webhooks.redeliver(tenantId, webhook.id, failed.id)).toMatchObject({ status: 'pending', attempts: 0 });
  worker.nudge();
  expect(await become({ webhooks }, webhook.id, ({ status }) => status === 'delivered')).toMatchObject({ attempts: 1 });
  expect(receiver.got).toHaveLength(4);
  for (const { body, headers } of receiver.got) await verifyWebhook({ body, headers, secret });
});

test.each([
  [302, 'it answered 302, and redirects are not followed', { location: 'http://127.0.0.1:1/' }],
  [404, 'it answered 404', {}],
] as const)('an answer of %i is a failure', async (status, lastError, headers) => {
  const { store, startWorker, receiver, create, webhooks } = await setUp();
  const { webhook } = await create();
  receiver.answer = (_got, response) => void response.writeHead(status, headers).end();
  await turnsEnded(store, 1);
  await startWorker();
  const failed = await become({ webhooks }, webhook.id, (delivery) => delivery.status === 'failed');
  expect(failed).toMatchObject({ lastStatusCode: status, lastError, attempts: 3 });
});

test('410 ends it: the endpoint is disabled, what waits is skipped, and can be replayed', async () => {
  const { store, startWorker, receiver, create, webhooks } = await setUp();
  const { webhook } = await create();
  receiver.answer = (_got, response) => void response.writeHead(410).end();
  await turnsEnded(store, 1);
  const worker = await startWorker();
  await become({ webhooks }, webhook.id, ({ status }) => status === 'failed');
  expect((await webhooks.get(tenantId, webhook.id)).enabled).toBe(false);
  await turnsEnded(store, 3);
  const skipped = await webhooks.deliveries(tenantId, webhook.id, { status: 'skipped', limit: 10 });
  expect(skipped).toHaveLength(3);
  await expect(webhooks.test(tenantId, webhook.id)).rejects.toMatchObject({ code: 'webhook_disabled' });
  const since = '2020-01-01T00:00:00Z';
  const all = ['failed', 'skipped'] as ('failed' | 'skipped')[];
  await expect(webhooks.replay(tenantId, webhook.id, { since, statuses: all })).rejects.toMatchObject({
    code: 'webhook_disabled',
  });
  receiver.answer = (_got, response) => void response.writeHead(200).end();
  await webhooks.update(tenantId, webhook.id, { enabled: true });
  expect(await webhooks.replay(tenantId, webhook.id, { since: '2999-01-01T00:00:00Z', statuses: all })).toBe(0);
  expect(await webhooks.replay(tenantId, webhook.id, { since, statuses: all })).toBe(4);
  worker.nudge();
  await receiver.until((got) => got.length === 5);
  expect(receiver.ids).toHaveLength(4);
});

test('an endpoint that takes its time, or talks without end, holds up nobody else', async () => {
  const { store, startWorker, receiver, create, webhooks } = await setUp();
  await using slow = await Receiver.start();
  const held: ServerResponse[] = [];
  slow.answer = (_got, response) => void held.push(response);
  const stuck = await create(slow.url);
  const { webhook } = await create();
  receiver.answer = (_got, response) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(1024 * 1024);
    const flood = (): void => {
      if (!response.destroyed && response.write(chunk)) setImmediate(flood);
    };
    response.on('drain', flood);
    flood();
  };
  await turnsEnded(store, 20);
  await startWorker();
  await receiver.until((got) => got.length === 20);
  await become({ webhooks }, webhook.id, ({ status }) => status === 'delivered');
  // Of the slow one no more than four at once.
  await slow.until((got) => got.length === 4);
  expect(await webhooks.deliveries(tenantId, stuck.webhook.id, { status: 'pending', limit: 50 })).toHaveLength(20);
  slow.answer = (_got, response) => void response.writeHead(200).end();
  for (const response of held) response.writeHead(200).end();
  await slow.until(() => slow.ids.length === 20);
});

test('while a secret is rotated both sign; afterwards the new one alone', async () => {
  const { store, startWorker, receiver, create, webhooks } = await setUp();
  const { webhook, secret: first } = await create();
  const { secret: second, webhook: rotated } = await webhooks.rotate(tenantId, webhook.id, 3600);
  expect(second).not.toBe(first);
  expect(Date.parse(rotated.previousSecretUntil ?? '')).toBeGreaterThan(Date.now() + 3_500_000);
  await turnsEnded(store, 1);
  const worker = await startWorker();
  await receiver.until((got) => got.length === 1);
  const { secret: third } = await webhooks.rotate(tenantId, webhook.id, 0);
  await turnsEnded(store, 1);
  worker.nudge();
  await receiver.until((got) => got.length === 2);
  const verified = receiver.got.map(({ headers, body }) =>
    Promise.all(
      [first, second, third].map((secret) =>
        verifyWebhook({ headers, body, secret }).then(
          () => true,
          () => false,
        ),
      ),
    ),
  );
  expect(await Promise.all(verified)).toEqual([
    [true, true, false],
    [false, false, true],
  ]);
  // At rest there is nothing to be read.
  const rows = await store.db.selectFrom('webhookEndpoints').selectAll().execute();
  for (const secret of [first, second, third]) expect(JSON.stringify(rows)).not.toContain(secret.slice(6));
});

test('https checks the certificate against the name or address in the URL', async () => {
  const tls = { key: certificateKey, cert: certificate };
  await using secure = await Receiver.start({ tls });
  const { store, startWorker, create, webhooks } = await setUp({
    ca: certificate,
    listed: ['127.0.0.1:*', 'localhost:*'],
  });
  const good = await create(secure.url);
  const bad = await create(secure.url.replace('127.0.0.1', 'localhost'));
  await turnsEnded(store, 1);
  await startWorker();
  await become({ webhooks }, good.webhook.id, ({ status }) => status === 'delivered');
  const failed = await become({ webhooks }, bad.webhook.id, ({ status }) => status === 'failed');
  expect(failed.lastError).toBe('the connection failed (ERR_TLS_CERT_ALTNAME_INVALID)');
  expect(secure.got).toHaveLength(1);
});

test('an address that is not public gets no connection, whatever the name was when it was given', async () => {
  const { store, startWorker, receiver, webhooks } = await setUp({ listed: [] });
  const url = `https://localhost:${receiver.port}/`;
  const { webhook } = await webhooks.create(tenantId, { url, events: null, description: '' });
  await turnsEnded(store, 1);
  await startWorker();
  const failed = await become({ webhooks }, webhook.id, ({ status }) => status === 'failed');
  expect(failed.lastError).toMatch(/^localhost is at (?:127\.0\.0\.1|::1), no public address$/);
  expect(receiver.got).toEqual([]);
});

test('what a server that died had in work is made anew by the next one', async () => {
  const { store, startWorker, receiver, create } = await setUp();
  await create();
  await turnsEnded(store, 3);
  const at = new Date().toISOString();
  const leaseUntil = new Date(Date.now() + 60_000).toISOString();
  for (const _n of upTo(2))
    await store.write((tx) => deliveryStore.claim(tx, { holder: 'dead', at, leaseUntil, busy: [] }));
  await startWorker();
  await receiver.until(() => receiver.ids.length === 3);
});

test('of two workers on one store each delivery goes to one, and a lease that runs out is taken over', async () => {
  const { store, startWorker, receiver, create } = await setUp();
  await create();
  await turnsEnded(store, 50);
  await Promise.all([startWorker(), startWorker()]);
  await receiver.until((got) => got.length === 50);
  expect(receiver.ids).toHaveLength(50);
});

test('old deliveries are forgotten', async () => {
  const { store, create, webhooks } = await setUp();
  const { webhook } = await create();
  await turnsEnded(store, 5);
  const [newest] = await webhooks.deliveries(tenantId, webhook.id, { limit: 1 });
  const before = newest?.createdAt ?? '';
  expect(await store.write((tx) => deliveryStore.sweep(tx, { before, limit: 2 }))).toBeLessThanOrEqual(2);
  const later = new Date(Date.parse(before) + 1).toISOString();
  while ((await store.write((tx) => deliveryStore.sweep(tx, { before: later, limit: 2 }))) > 0);
  expect(await webhooks.deliveries(tenantId, webhook.id, { limit: 10 })).toEqual([]);
});

test('a field that is very long is cut, and said to be', async () => {
  const { store, create, webhooks } = await setUp();
  const { webhook } = await create();
  const { id: sessionId } = await newSession(store);
  const createdAt = new Date().toISOString();
  const result = `${'x'.repeat(32_767)}👋 and more`;
  const request = { approvalId: newId(), toolName: 'Write', toolUseId: 't', input: { content: 'y'.repeat(50_000) } };
  const entries = [
    { type: 'message', turnId: 't', createdAt, data: { type: 'result', num_turns: 1, result } },
    { type: 'turn_ended', turnId: 't', createdAt, data: { outcome: 'completed' } },
    { type: 'approval_requested', turnId: 't', createdAt, data: request },
  ];
  await store.write((tx) => logStore.append(tx, { sessionId, entries }));
  const payloads = await Promise.all(
    (await webhooks.deliveries(tenantId, webhook.id, { limit: 10 })).map(
      async ({ id }) => (await webhooks.delivery(tenantId, webhook.id, id)).payload,
    ),
  );
  const [asked] = payloads.filter((payload) => payload?.type === 'approval.requested');
  const [ended] = payloads.filter((payload) => payload?.type === 'turn.completed');
  expect(ended?.data).toMatchObject({ cut: ['result'], result: `${'x'.repeat(32_767)}\uFFFD`, numTurns: 1 });
  expect(asked?.data).toMatchObject({ cut: ['input'], toolName: 'Write' });
  expect(asked?.data).not.toHaveProperty('input');
});
