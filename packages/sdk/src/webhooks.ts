/** Webhooks: endpoints, their secrets, and what was delivered. */
import type { CallOptions, Requests } from './request.ts';
import type {
  CreatedWebhook,
  CreateWebhookRequest,
  GetWebhookDeliveryResponse,
  ListWebhookDeliveriesOptions,
  ReplayWebhookRequest,
  UpdateWebhookRequest,
  Webhook,
  WebhookDelivery,
} from './types.ts';

/** What `createWebhook` may be given besides the URL. */
export type CreateWebhookOptions = Omit<CreateWebhookRequest, 'url'> & CallOptions;

export type WebhookCalls = ReturnType<typeof webhookCalls>;

/** The calls about webhooks. */
export function webhookCalls(requests: Requests) {
  return {
    /**
     * Has events sent to a URL. The secret, which `verifyWebhook` checks signatures with, is shown only here.
     *
     * @param options `events` to be told of (default: all), `description`
     * @throws AshApiError `webhook_url_invalid`, `webhook_limit_reached`
     * @example const { webhook, secret } = await client.createWebhook('https://example.com/hooks', { events: ['turn.completed'] });
     */
    async createWebhook(url: string, options: CreateWebhookOptions = {}): Promise<CreatedWebhook> {
      const { signal, idempotencyKey, ...rest } = options;
      return await requests.json('createWebhook', { body: { url, ...rest } }, { signal, idempotencyKey });
    },

    /** All webhooks of the tenant, oldest first. */
    async listWebhooks(options: CallOptions = {}): Promise<Webhook[]> {
      return (await requests.json('listWebhooks', {}, options)).webhooks;
    },

    /** One webhook. @throws AshApiError `webhook_not_found` */
    async getWebhook(id: string, options: CallOptions = {}): Promise<Webhook> {
      return (await requests.json('getWebhook', { params: { id } }, options)).webhook;
    },

    /**
     * Changes `url`, `events`, `description` or `enabled`.
     *
     * @throws AshApiError `webhook_not_found`, `webhook_url_invalid`
     */
    async updateWebhook(id: string, changes: UpdateWebhookRequest, options: CallOptions = {}): Promise<Webhook> {
      return (await requests.json('updateWebhook', { params: { id }, body: changes }, options)).webhook;
    },

    /** Deletes a webhook and its deliveries. @throws AshApiError `webhook_not_found` */
    async deleteWebhook(id: string, options: CallOptions = {}): Promise<void> {
      await requests.json('deleteWebhook', { params: { id } }, options);
    },

    /**
     * Makes a new secret. For `overlapSeconds` (default: a day) the one of before signs as well.
     *
     * @throws AshApiError `webhook_not_found`
     */
    async rotateWebhookSecret(
      id: string,
      options: { overlapSeconds?: number | undefined } & CallOptions = {},
    ): Promise<CreatedWebhook> {
      const { signal, idempotencyKey, overlapSeconds } = options;
      const call = { params: { id }, body: { overlapSeconds } };
      return await requests.json('rotateWebhookSecret', call, { signal, idempotencyKey });
    },

    /** Sends an event of type `webhook.test`. @throws AshApiError `webhook_not_found`, `webhook_disabled` */
    async testWebhook(id: string, options: CallOptions = {}): Promise<WebhookDelivery> {
      return (await requests.json('testWebhook', { params: { id } }, options)).delivery;
    },

    /**
     * Deliveries of a webhook, newest first; they are kept for 30 days.
     *
     * @param page `status`, `type`, `limit` (default 50), `before` the delivery of this id
     * @throws AshApiError `webhook_not_found`
     */
    async listWebhookDeliveries(
      id: string,
      page: ListWebhookDeliveriesOptions = {},
      options: CallOptions = {},
    ): Promise<WebhookDelivery[]> {
      return (await requests.json('listWebhookDeliveries', { params: { id }, query: page }, options)).deliveries;
    },

    /** A delivery with what it sends. @throws AshApiError `webhook_not_found`, `webhook_delivery_not_found` */
    async getWebhookDelivery(
      id: string,
      deliveryId: string,
      options: CallOptions = {},
    ): Promise<GetWebhookDeliveryResponse> {
      return await requests.json('getWebhookDelivery', { params: { id, deliveryId } }, options);
    },

    /** Sends a delivery again now. @throws AshApiError `webhook_delivery_not_found`, `webhook_disabled` */
    async redeliverWebhook(id: string, deliveryId: string, options: CallOptions = {}): Promise<WebhookDelivery> {
      return (await requests.json('redeliverWebhook', { params: { id, deliveryId } }, options)).delivery;
    },

    /**
     * Sends the events from a moment on again: those given up and skipped, unless `statuses` says otherwise.
     *
     * @returns how many deliveries wait now
     * @throws AshApiError `webhook_not_found`, `webhook_disabled`
     */
    async replayWebhook(id: string, span: ReplayWebhookRequest, options: CallOptions = {}): Promise<number> {
      return (await requests.json('replayWebhook', { params: { id }, body: span }, options)).replayed;
    },
  };
}
