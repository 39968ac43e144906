import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CreatedWebhook, Webhook, WebhookDelivery } from '@ash-ai/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { useAsh } from '../../../test/e2e/harness.ts';
import type { Home } from './ash.ts';
import { expectAsContract, homeOf, json } from './real-server.ts';

const server = useAsh({
  env: { ASH_CREDENTIAL_KEY: 'a long secret for the tests of the command line', ASH_WEBHOOK_TARGETS: '127.0.0.1:*' },
});
let home: Home;
beforeAll(async () => {
  home = await homeOf(server.ash);
});
afterAll(() => home[Symbol.asyncDispose]());

/** An endpoint that remembers the types of what it is sent. */
async function receiver() {
  const types: string[] = [];
  const http = createServer(async (request, response) => {
    const body = (await Array.fromAsync(request as AsyncIterable<Buffer>)).join('');
    types.push((JSON.parse(body) as { type: string }).type);
    response.end();
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/hooks`,
    types,
    [Symbol.asyncDispose]: async () => {
      http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

test('a webhook is made, tested, looked into, changed, replayed and deleted', async () => {
  await using endpoint = await receiver();
  const made = await json<CreatedWebhook>(home, ['webhook', 'create', endpoint.url, '-e', 'turn.completed']);
  expectAsContract('createWebhook', undefined, made);
  const { id } = made.webhook;
  expect(made.webhook.events).toEqual(['turn.completed']);
  expectAsContract('listWebhooks', 'webhooks', await json(home, ['webhook', 'list']));
  expectAsContract('getWebhook', 'webhook', await json(home, ['webhook', 'get', id]));

  const tested = await json<WebhookDelivery>(home, ['webhook', 'test', id]);
  expectAsContract('testWebhook', 'delivery', tested);
  let deliveries: WebhookDelivery[] = [];
  while (deliveries[0]?.status !== 'delivered') {
    deliveries = await json<WebhookDelivery[]>(home, ['webhook', 'deliveries', id]);
  }
  expectAsContract('listWebhookDeliveries', 'deliveries', deliveries);
  expect(endpoint.types).toEqual(['webhook.test']);
  const table = (await home.ash(['webhook', 'deliveries', id, '--table'])).stdout;
  expect(table).toMatch(/webhook\.test +delivered +200\n$/);
  const shown = await json(home, ['webhook', 'delivery', id, tested.id]);
  expectAsContract('getWebhookDelivery', undefined, shown);
  expectAsContract('redeliverWebhook', 'delivery', await json(home, ['webhook', 'redeliver', id, tested.id]));

  const rotated = await home.ash(['webhook', 'rotate-secret', id, '--overlap', '60', '--quiet']);
  expect(rotated.stdout).toMatch(/^whsec_\S+\n$/);
  expect(rotated.stdout.trim()).not.toBe(made.secret);
  const off = await json<Webhook>(home, [
    'webhook',
    'update',
    id,
    '--disable',
    '--all-events',
    '--description',
    'mine',
  ]);
  expect(off).toMatchObject({ enabled: false, events: null, description: 'mine' });
  const refused = await home.ash(['webhook', 'replay', id, '--since', '1h']);
  expect(refused.stderr).toContain('webhook_disabled');
  await json(home, ['webhook', 'update', id, '--enable']);
  expect(await json(home, ['webhook', 'replay', id, '--since', '1h'])).toEqual({ replayed: 0 });
  expect((await home.ash(['webhook', 'update', id])).stderr).toContain('nothing to change');
  expect((await home.ash(['webhook', 'delete', id])).stdout).toBe(`Deleted webhook: ${id}\n`);
});

test('people see the secret once, and an address that is refused says why', async () => {
  await using endpoint = await receiver();
  const made = await home.ash(['webhook', 'create', endpoint.url, '--table']);
  expect(made.stdout).toMatch(/^Webhook created: \S+\n {2}secret {2}whsec_\S+\n$/);
  expect((await home.ash(['webhook', 'list', '--table'])).stdout).not.toContain('whsec_');
  const refused = await home.ash(['webhook', 'create', 'http://169.254.169.254/']);
  expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('webhook_url_invalid') });
});
