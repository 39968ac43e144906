/** `ash webhook …`: endpoints that are told of what happens, and what was delivered to them. */
import type { CreatedWebhook, Webhook, WebhookDelivery } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { choice, count, instant } from '../option-values.ts';
import { styleOf } from '../output/paint.ts';
import { type Column, showDone, showList, showOne, showSentence } from '../output/show.ts';
import { ago } from '../output/words.ts';

const statuses = ['pending', 'delivered', 'failed', 'skipped'] as const;
const replayable = ['delivered', 'failed', 'skipped'] as const;

/** The server checks event types: they grow with it. */
type Events = Webhook['events'];

const columns: readonly Column<Webhook>[] = [
  { title: 'id', of: ({ id }) => id },
  {
    title: 'state',
    of: ({ enabled }) => (enabled ? 'on' : 'off'),
    style: ({ enabled }) => (enabled ? 'green' : 'dim'),
  },
  { title: 'url', of: ({ url }) => url, elastic: true },
  { title: 'events', of: ({ events }) => events?.join(', ') ?? 'all', elastic: true },
];

export interface WebhookOptions {
  event?: string[];
  allEvents?: boolean;
  description?: string;
  url?: string;
  enable?: boolean;
  disable?: boolean;
}

export async function createWebhook(context: Context, url: string, options: WebhookOptions): Promise<void> {
  const { event, description } = options;
  const client = await context.client();
  const created = await client.createWebhook(url, {
    ...(event === undefined ? {} : { events: event as Events }),
    ...(description === undefined ? {} : { description }),
  });
  showSecret(context, 'Webhook created', created);
}

export async function listWebhooks(context: Context): Promise<void> {
  const webhooks = await (await context.client()).listWebhooks();
  const none = 'No webhooks yet. Make one: ash webhook create <url>';
  showList(context, webhooks, { columns, key: ({ id }) => id, none });
}

export async function getWebhook(context: Context, id: string): Promise<void> {
  const webhook = await (await context.client()).getWebhook(id);
  showOne(context, webhook, {
    key: webhook.id,
    facts: [
      ['id', webhook.id],
      ['url', webhook.url],
      ['description', webhook.description],
      ['events', webhook.events?.join(', ') ?? 'all'],
      ['state', webhook.enabled ? 'on' : 'off'],
      ['old secret', webhook.previousSecretUntil && `signs as well until ${webhook.previousSecretUntil}`],
      ['created', `${webhook.createdAt} (${ago(webhook.createdAt)})`],
    ],
  });
}

export async function updateWebhook(context: Context, id: string, options: WebhookOptions): Promise<void> {
  const { url, description, event, allEvents, enable, disable } = options;
  if (enable && disable) throw new Failure('--enable and --disable are both given');
  const change = {
    ...(url === undefined ? {} : { url }),
    ...(description === undefined ? {} : { description }),
    ...(event === undefined ? {} : { events: event as Events }),
    ...(allEvents ? { events: null } : {}),
    ...(enable || disable ? { enabled: enable === true } : {}),
  };
  if (Object.keys(change).length === 0)
    throw new Failure('nothing to change was given', { next: '--help shows what can be.' });
  showDone(context, 'Webhook changed', await (await context.client()).updateWebhook(id, change), { key: id });
}

export async function deleteWebhook(context: Context, id: string): Promise<void> {
  await (await context.client()).deleteWebhook(id);
  showSentence(context, `Deleted webhook: ${id}`, { ok: true }, id);
}

export async function rotateSecret(context: Context, id: string, options: { overlap?: string }): Promise<void> {
  const overlapSeconds = count('--overlap', options.overlap);
  showSecret(context, 'New secret', await (await context.client()).rotateWebhookSecret(id, { overlapSeconds }));
}

/** The secret is in this answer only: people have to see it, and a script can take it with --quiet. */
function showSecret(context: Context, sentence: string, created: CreatedWebhook): void {
  const { terminal, form } = context;
  if (form === 'json' || form === 'piped') terminal.json(created);
  else if (form === 'quiet') terminal.out(`${created.secret}\n`);
  else {
    showDone(context, sentence, created, { key: created.webhook.id });
    terminal.out(`  secret  ${created.secret}\n`);
    terminal.note(terminal.dim('  It is shown only now; signatures are checked with it.'));
  }
}

const deliveryColumns: readonly Column<WebhookDelivery>[] = [
  { title: 'id', of: ({ id }) => id },
  { title: 'when', of: ({ createdAt }) => ago(createdAt) },
  { title: 'type', of: ({ type }) => type },
  { title: 'status', of: ({ status }) => status, style: ({ status }) => styleOf(status) },
  { title: 'answer', of: ({ lastError, lastStatusCode }) => lastError ?? lastStatusCode, elastic: true },
];

export async function listDeliveries(
  context: Context,
  id: string,
  options: { status?: string; limit?: string; before?: string },
): Promise<void> {
  const query = {
    status: choice('--status', options.status, statuses),
    limit: count('--limit', options.limit),
    before: options.before,
  };
  const deliveries = await (await context.client()).listWebhookDeliveries(id, query);
  showList(context, deliveries, { columns: deliveryColumns, key: (one) => one.id, none: 'Nothing was delivered yet.' });
}

/** A delivery with what it sends: JSON for everybody, for that is what it is. */
export async function getDelivery(context: Context, id: string, deliveryId: string): Promise<void> {
  context.terminal.json(await (await context.client()).getWebhookDelivery(id, deliveryId));
}

export async function testWebhook(context: Context, id: string): Promise<void> {
  const delivery = await (await context.client()).testWebhook(id);
  const next = [`ash webhook delivery ${id} ${delivery.id}`];
  showDone(context, 'Test event on its way', delivery, { key: delivery.id, next });
}

export async function redeliver(context: Context, id: string, deliveryId: string): Promise<void> {
  const delivery = await (await context.client()).redeliverWebhook(id, deliveryId);
  showDone(context, 'On its way again', delivery, { key: delivery.id });
}

export async function replay(
  context: Context,
  id: string,
  options: { since: string; until?: string; status?: string[] },
): Promise<void> {
  const span = {
    since: instant('--since', options.since) ?? '',
    until: instant('--until', options.until),
    ...(options.status === undefined
      ? {}
      : { statuses: options.status.flatMap((status) => choice('--status', status, replayable) ?? []) }),
  };
  const replayed = await (await context.client()).replayWebhook(id, span);
  showSentence(
    context,
    `${replayed === 1 ? '1 delivery' : `${replayed} deliveries`} on the way again`,
    { replayed },
    replayed,
  );
}
