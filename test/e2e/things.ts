/** One of everything that a route can name, all of one tenant: what proofs and the fuzzer call the API with. */
import { script } from '@ash-ai/scripted-model';
import { type Ash, until } from './harness.ts';
import { Reader } from './streams.ts';

export const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** Names and ids of what is there. */
export interface Things {
  agent: string;
  /** Id of the agent's version 1. */
  version: string;
  /** Awake, with a turn that has ended. */
  session: string;
  turn: string;
  /** A file of both agent and session. */
  file: string;
  /** The session's workspace as a bundle. */
  bundle: string;
  attachment: string;
  /** A session that others pause, stop and configure. */
  restless: string;
  ended: string;
  /** A session whose turn waits for `approval`. */
  asking: string;
  approval: string;
  queueItem: string;
  credential: string;
  webhook: string;
  delivery: string;
  apiKey: string;
}

/** Makes them. A turn waits in `asking` until {@link endTurns}. @param hookUrl where the webhook's deliveries go */
export async function furnish(ash: Ash, hookUrl: string): Promise<Things> {
  const { client } = ash;
  const agent = 'of-the-owner';
  await client.deployAgent(agent, await ash.agentFolder(agent, { 'CLAUDE.md': '# The owner’s\n' }));
  const [session, restless, ended, waiting] = await Promise.all([
    client.createSession(agent),
    client.createSession(agent),
    client.createSession(agent),
    asking(ash, agent),
  ]);
  const turn = await (await Reader.send(ash, session.id, 'Hello!')).turn();
  await client.endSession(ended.id);
  const [version] = await client.listAgentVersions(agent);
  const attachment = await client.uploadAttachment(session.id, 'notes.md', Buffer.from('# Notes\n'));
  const credential = await client.storeCredential('custom', 'a-secret');
  const { webhook } = await client.createWebhook(hookUrl, { events: ['queue_item.completed'] });
  const delivery = await client.testWebhook(webhook.id);
  const queued = await client.enqueue('nobody', 'Hello!', { maxRetries: 0 });
  await until(async () => (await client.getQueueItem(queued.id)).status === 'failed');
  const bundle = await client.downloadWorkspace(session.id);
  return {
    agent,
    version: version?.id ?? '',
    session: session.id,
    turn: turn.turnId,
    file: 'CLAUDE.md',
    bundle: Buffer.from(bundle).toString('base64'),
    attachment: attachment.id,
    restless: restless.id,
    ended: ended.id,
    asking: waiting.id,
    approval: waiting.approvalId,
    queueItem: queued.id,
    credential: credential.id,
    webhook: webhook.id,
    delivery: delivery.id,
    apiKey: (await client.createApiKey('of the owner')).id,
  };
}

/** A session whose turn waits for an approval. */
export async function asking(ash: Ash, agent: string): Promise<{ id: string; approvalId: string }> {
  const { id } = await ash.client.createSession(agent, { permissionMode: 'default' });
  const write = { text: 'I will write.', tools: [{ name: 'Bash', input: { command: 'echo mark > marks.txt' } }] };
  const reader = await Reader.send(ash, id, script(write, 'Done.'));
  const { data } = await reader.until(({ event }) => event === 'approval');
  await reader.leave();
  return { id, approvalId: String(data.approvalId) };
}

/** Ends what would wait for an answer for ever, or work on after the end. */
export async function endTurns(ash: Ash, { asking, session }: Things): Promise<void> {
  for (const id of [asking, session]) await ash.client.endSession(id);
}
