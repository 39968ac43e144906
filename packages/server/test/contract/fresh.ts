/** Things made anew, for requests that take them away or change them. */
import { newId } from '@ash-ai/shared';
import { until } from '../../../../test/e2e/harness.ts';
import { asking } from '../../../../test/e2e/things.ts';
import type { Fresh } from './rows.ts';

export const agent: Fresh = async ({ client }) => {
  const { name } = await client.createAgent(`fresh-${newId()}`, { systemPrompt: 'Soon gone.' });
  return { agent: name };
};

export const session: Fresh = async ({ client }, there) => ({ session: (await client.createSession(there.agent)).id });

export const pausedSession: Fresh = async (ash, there) => {
  const { id } = await ash.client.createSession(there.agent);
  await ash.client.pauseSession(id);
  return { session: id };
};

export const file: Fresh = async ({ client }, there) => {
  const path = `fresh-${newId()}.txt`;
  await client.writeSessionFiles(there.session, [{ path, content: '' }]);
  return { file: path };
};

export const attachment: Fresh = async ({ client }, there) => ({
  attachment: (await client.uploadAttachment(there.session, 'fresh.txt', Buffer.from('x'))).id,
});

export const credential: Fresh = async ({ client }) => ({
  credential: (await client.storeCredential('custom', 'fresh')).id,
});

/** It waits for a try that is far off. */
export const queueItem: Fresh = async (ash) => {
  const { id } = await ash.client.enqueue('nobody', 'Soon gone.');
  await until(async () => (await ash.client.getQueueItem(id)).retryCount === 1);
  ash.change("update queue_items set retry_after = '2999-01-01T00:00:00.000Z' where id = ?", id);
  return { queueItem: id };
};

export const approval: Fresh = async (ash, there) => {
  const { id, approvalId } = await asking(ash, there.agent);
  return { asking: id, approval: approvalId };
};

const url = 'https://hooks.invalid/fresh';

export const webhook: Fresh = async ({ client }) => ({ webhook: (await client.createWebhook(url)).webhook.id });

export const disabledWebhook: Fresh = async ({ client }) => {
  const { id } = (await client.createWebhook(url)).webhook;
  await client.updateWebhook(id, { enabled: false });
  return { webhook: id };
};

export const apiKey: Fresh = async ({ client }) => ({ apiKey: (await client.createApiKey('fresh')).id });
