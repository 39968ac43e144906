/** Whether a webhook comes from the server that has the secret (Standard Webhooks). Runs in Node, browsers and workers. */

/** What a webhook brings. */
export interface WebhookEvent {
  /** `webhook-id`: the same for every attempt at one event. */
  id: string;
  /** `turn.completed`, … */
  type: string;
  /** When it happened. */
  timestamp: string;
  data: Record<string, unknown>;
}

/** Thrown by `verifyWebhook` for a request that must not be believed. */
export class AshWebhookInvalid extends Error {
  override readonly name = 'AshWebhookInvalid';
}

export interface VerifyWebhookOptions {
  /** The body as it came: parsed and written again it is another one. */
  body: string | Uint8Array;
  /** The request's headers, of `fetch` or of Node. */
  headers: Headers | Record<string, string | readonly string[] | undefined>;
  /** `whsec_…`; several while one takes the place of another. */
  secret: string | readonly string[];
  /** How far its clock may be from this one, in seconds. Default 300. */
  toleranceSeconds?: number | undefined;
  /** This clock, in ms since 1970. Default: `Date.now()`. */
  now?: number | undefined;
}

/**
 * Checks a webhook's signature and age, and gives its event.
 *
 * @throws AshWebhookInvalid when it is not signed with the secret, or not of this moment
 * @example
 * const event = await verifyWebhook({ body: await request.text(), headers: request.headers, secret });
 * if (event.type === 'turn.completed') console.log(event.data.result);
 */
export async function verifyWebhook(options: VerifyWebhookOptions): Promise<WebhookEvent> {
  // biome-ignore lint/plugin: compared with the sender's clock
  const { headers, secret, toleranceSeconds = 300, now = Date.now() } = options;
  const id = headerOf(headers, 'webhook-id');
  const timestamp = headerOf(headers, 'webhook-timestamp');
  const signatures = headerOf(headers, 'webhook-signature');
  if (!/^\d{1,12}$/.test(timestamp)) throw new AshWebhookInvalid('webhook-timestamp is no time');
  const age = now / 1000 - Number(timestamp);
  if (Math.abs(age) > toleranceSeconds)
    throw new AshWebhookInvalid(`It is ${Math.round(Math.abs(age))} s ${age > 0 ? 'old' : 'from the future'}`);
  const body = typeof options.body === 'string' ? new TextEncoder().encode(options.body) : options.body;
  const signed = joined(new TextEncoder().encode(`${id}.${timestamp}.`), body);
  const secrets = typeof secret === 'string' ? [secret] : secret;
  if (!(await isSigned(signed, signatures, secrets)))
    throw new AshWebhookInvalid('No signature is made with the secret');
  return { id, ...eventIn(body) };
}

async function isSigned(
  signed: Uint8Array<ArrayBuffer>,
  signatures: string,
  secrets: readonly string[],
): Promise<boolean> {
  const given = signatures
    .split(' ')
    .slice(0, 10)
    .flatMap((part) => bytesOf(part.startsWith('v1,') ? part.slice(3) : '') ?? []);
  for (const secret of secrets) {
    const bytes = bytesOf(secret.replace(/^whsec_/, ''));
    if (bytes === undefined || bytes.length === 0) throw new AshWebhookInvalid('The secret is not "whsec_" and base64');
    const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
    // Takes the same time wherever a signature differs.
    for (const signature of given) if (await crypto.subtle.verify('HMAC', key, signature, signed)) return true;
  }
  return false;
}

function headerOf(headers: VerifyWebhookOptions['headers'], name: string): string {
  const value =
    headers instanceof Headers
      ? headers.get(name)
      : Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
  const text = typeof value === 'string' ? value : value?.[0];
  if (text === undefined || text === '') throw new AshWebhookInvalid(`It has no header ${name}`);
  return text;
}

function eventIn(body: Uint8Array): Omit<WebhookEvent, 'id'> {
  const event: unknown = JSON.parse(new TextDecoder().decode(body));
  if (typeof event !== 'object' || event === null) throw new AshWebhookInvalid('It holds no event');
  return event as Omit<WebhookEvent, 'id'>;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
