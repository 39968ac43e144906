/** Signatures of webhooks: the example of Standard Webhooks, and everything that must not pass. */
import { expect, test } from 'vitest';
import { AshWebhookInvalid, verifyWebhook } from '../src/index.ts';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const at = 1614265330;
const now = at * 1000;
const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const body = '{"type":"turn.completed","timestamp":"2026-01-01T00:00:00.000Z","data":{"text":"Grüße"}}';
const signature = 'v1,bkJ9Zw5Aq83cjcMiBAurCWnb+yJBkWvgQq/ddDAhFiw=';
const headers = { 'Webhook-Id': id, 'WEBHOOK-TIMESTAMP': String(at), 'webhook-signature': signature };

test('the example of the standard is signed', async () => {
  const example = { ...headers, 'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=' };
  const event = await verifyWebhook({ body: '{"test": 2432232314}', headers: example, secret, now });
  expect(event).toEqual({ id, test: 2432232314 });
});

test('an event is given with its id, whatever form headers and body have', async () => {
  const several = { ...headers, 'webhook-signature': `v2,x v1,AAAA ${signature}` };
  const event = { id, type: 'turn.completed', timestamp: '2026-01-01T00:00:00.000Z', data: { text: 'Grüße' } };
  const secrets = ['whsec_AAAA', secret];
  expect(await verifyWebhook({ body, headers: several, secret: secrets, now: now + 299_000 })).toEqual(event);
  expect(
    await verifyWebhook({ body: new TextEncoder().encode(body), headers: new Headers(several), secret, now }),
  ).toEqual(event);
});

test.each([
  [{ body: `${body} ` }, {}, /No signature/],
  [{ secret: 'whsec_AAAA' }, {}, /No signature/],
  [{}, { 'Webhook-Id': 'msg_other' }, /No signature/],
  [{}, { 'webhook-signature': 'v1,' }, /No signature/],
  [{}, { 'webhook-signature': 'v1,é' }, /No signature/],
  [{}, { 'WEBHOOK-TIMESTAMP': String(at + 1) }, /No signature/],
  [{ now: now + 301_000 }, {}, /301 s old/],
  [{ now: now - 301_000 }, {}, /from the future/],
  [{}, { 'WEBHOOK-TIMESTAMP': 'soon' }, /no time/],
  [{}, { 'WEBHOOK-TIMESTAMP': '1e9' }, /no time/],
  [{}, { 'Webhook-Id': undefined }, /no header webhook-id/],
  [{ secret: 'whsec_' }, {}, /secret/],
  [{ secret: 'not base64!' }, {}, /secret/],
])('%j with %j must not be believed', async (options, given, why) => {
  const request = { body, secret, now, headers: { ...headers, ...given }, ...options };
  const failure = verifyWebhook(request);
  await expect(failure).rejects.toThrow(why);
  await expect(failure).rejects.toBeInstanceOf(AshWebhookInvalid);
});
