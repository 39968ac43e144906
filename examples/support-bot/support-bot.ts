/** A support bot: one lasting session per customer. `node support-bot.ts <customer> <message>` */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AshApiError, AshClient, extractStreamDelta } from '@ash-ai/sdk';

const agentName = 'support-bot';
const customersFile = process.env.CUSTOMERS_FILE ?? 'customers.json';
const [customer, message] = process.argv.slice(2);
if (customer === undefined || message === undefined) {
  console.error('usage: node support-bot.ts <customer> <message>');
  process.exit(2);
}

const client = new AshClient({
  serverUrl: process.env.ASH_SERVER_URL ?? 'http://localhost:4100',
  apiKey: process.env.ASH_API_KEY,
});

await deployOnce();
const sessionId = await sessionOf(customer);
let failed = false;
for await (const event of client.sendMessageStream(sessionId, message, { includePartialMessages: true })) {
  if (event.type === 'message') process.stdout.write(extractStreamDelta(event.data) ?? '');
  if (event.type === 'error') {
    failed = true;
    console.error(`\nThat did not work: ${event.data.error}`);
  }
}
process.stdout.write('\n');
process.exitCode = failed ? 1 : 0;

/** Deploys the folder beside this file, unless the agent is there. */
async function deployOnce(): Promise<void> {
  try {
    await client.getAgent(agentName);
  } catch (error) {
    if (!(error instanceof AshApiError) || error.code !== 'agent_not_found') throw error;
    const folder = join(import.meta.dirname, 'agent');
    const names = await readdir(folder);
    const files = await Promise.all(
      names.map(async (path) => ({ path, content: await readFile(join(folder, path), 'base64') })),
    );
    await client.createAgent(agentName, { files, replace: true });
  }
}

/** The session of a customer: the one of last time, or a new one when there is none or it has ended. */
async function sessionOf(customer: string): Promise<string> {
  const customers: Record<string, string> = JSON.parse(await readFile(customersFile, 'utf8').catch(() => '{}'));
  const known = customers[customer];
  if (known !== undefined) {
    const session = await client.getSession(known).catch(() => undefined);
    if (session !== undefined && session.status !== 'ended') return known;
  }
  const session = await client.createSession(agentName);
  await writeFile(customersFile, JSON.stringify({ ...customers, [customer]: session.id }, null, 2));
  return session.id;
}
