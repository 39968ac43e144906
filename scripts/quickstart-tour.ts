/** The tour of `npm run quickstart`: starts a server, deploys an example agent and holds a short real conversation. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startScriptedModel } from '@ash-ai/scripted-model';
import { AshClient, extractStreamDelta } from '@ash-ai/sdk';
import { createApp, readConfig } from '@ash-ai/server';
import { pino } from 'pino';

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(`npm run quickstart [-- --once]

Starts a server with an embedded database on a free port, deploys an example agent and talks to it.
With ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN or ANTHROPIC_BASE_URL set, it talks to that model; else to a scripted one.
  --once   ends by itself and leaves nothing behind; otherwise the server stays until Ctrl-C`);
  process.exit(0);
}

const tty = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const paint = (code: number) => (text: string) => (tty ? `\u001b[${code}m${text}\u001b[0m` : text);
const bold = paint(1);
const dim = paint(2);
const step = (text: string): void => console.log(`\n${bold(`● ${text}`)}`);

const hasModel = ['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_BASE_URL'].some((name) => process.env[name]);
await using stack = new AsyncDisposableStack();
const env: Record<string, string | undefined> = {
  ...process.env,
  ASH_HOST: '127.0.0.1',
  ASH_PORT: process.env.ASH_PORT ?? '0',
};
if (hasModel)
  console.log(`\nThe answers come from the model at ${env.ANTHROPIC_BASE_URL ?? 'the default address of the API'}.`);
else {
  const model = stack.use(await startScriptedModel({ deltaDelayMs: 25 }));
  Object.assign(env, { ANTHROPIC_BASE_URL: model.url, ANTHROPIC_API_KEY: 'scripted' });
  console.log(
    '\nNo model key in the environment: the answers come from a SCRIPTED MODEL on this machine, not from a real one.',
  );
  console.log(
    dim(
      'Everything else is real: the server, the sandbox, the Agent SDK and its tools. Set ANTHROPIC_API_KEY for real answers.',
    ),
  );
}

await tour().catch((error: unknown) => {
  console.error(`\n✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});

/** The steps, one after the other; whatever was started is stopped, also when one fails. */
async function tour(): Promise<void> {
  step('Start a server');
  env.ASH_DATA_DIR ??= values.once ? await temporaryFolder() : join(process.cwd(), 'data', 'quickstart');
  const app = stack.use(await createApp(readConfig(env), pino({ level: 'warn' })));
  try {
    await show(app.http.url, app.isolation.name);
    if (values.once) console.log(`\n${bold('Done.')} Run it without --once to keep the server and go on by hand.\n`);
    else {
      await new Promise<void>((resolve) => {
        process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
      });
      console.log('\nstopping …');
    }
  } finally {
    await app.drain(10_000);
  }
}

async function show(serverUrl: string, isolation: string): Promise<void> {
  const dataDir = env.ASH_DATA_DIR ?? '';
  const keyFile = join(dataDir, 'initial-api-key');
  const apiKey = (await readFile(keyFile, 'utf8').catch(() => env.ASH_API_KEY ?? '')).trim();
  console.log(`  ${serverUrl}   data in ${dataDir}   sandboxes: ${isolation}`);

  const client = new AshClient({ serverUrl, apiKey });
  step('Deploy a folder as an agent');
  const agent = await client.deployAgent('helper', join(process.cwd(), 'examples', 'helper'));
  console.log(`  examples/helper → agent "${agent.name}", version ${agent.version}`);

  step('Open a session and talk');
  const session = await client.createSession(agent.name);
  console.log(dim(`  session ${session.id}`));
  await say(client, session.id, 'Hello! My name is Ada.');
  await say(client, session.id, 'Please write a file note.md saying: Ash keeps what agents make.');
  await say(client, session.id, 'What is my name?');

  step('What the agent left in its workspace');
  const note = await client.getSessionFile(session.id, 'note.md');
  console.log(`  note.md: ${bold(note.content.trim())}`);

  step('What the server kept');
  const messages = await client.listMessages(session.id);
  const { lastSeq } = await client.getSession(session.id);
  console.log(`  ${messages.length} messages; the log of the session ends at entry ${lastSeq}`);
  if (values.once) await client.endSession(session.id);
  else {
    step('Go on by hand (Ctrl-C stops the server)');
    console.log(`  export ASH_SERVER_URL=${serverUrl} ASH_API_KEY=${apiKey}
  npx ash chat helper
  npx ash session send ${session.id} "What is my name?"
  curl -N -H "Authorization: Bearer $ASH_API_KEY" -H 'Content-Type: application/json' \\
    -d '{"content":"Write a haiku."}' ${serverUrl}/api/sessions/${session.id}/messages
  ${serverUrl}/docs   the API, in a browser`);
  }
}

/** Sends a message and shows the stream as it comes. */
async function say(client: AshClient, sessionId: string, prompt: string): Promise<void> {
  console.log(`\n  ${bold('you')}    ${prompt}`);
  process.stdout.write(`  ${bold('agent')}  `);
  for await (const event of client.sendMessageStream(sessionId, prompt, { includePartialMessages: true })) {
    if (event.type === 'message') process.stdout.write(extractStreamDelta(event.data) ?? '');
    else if (event.type === 'tool_use') process.stdout.write(dim(`[${event.data.name}] `));
    else if (event.type === 'error') throw new Error(`the turn failed: ${event.data.error}`);
  }
  process.stdout.write('\n');
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-quickstart-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
