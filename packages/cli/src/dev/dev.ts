/**
 * `ash dev`: a server of its own, the folder deployed at every change, and a chat with it. When it ends nothing of it runs
 * any more; its data (the sessions, the server's log) stays in `~/.ash/dev/<agent>-…`, outside the folder that is deployed.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { toAgentName } from '@ash-ai/shared';
import { readAgentFiles } from '../agent-files.ts';
import type { Chat } from '../chat/chat.ts';
import { hasScreen } from '../chat/screen/terminal.ts';
import { untilGone } from '../commands/stop.ts';
import type { Context } from '../context.ts';
import { readEnvFiles } from '../env-file.ts';
import { Failure } from '../failure.ts';
import { launch, logPath } from '../local-server/launch.ts';
import { readRecord, type ServerRecord } from '../local-server/record.ts';
import { count } from '../option-values.ts';
import { waiting } from '../output/waiting.ts';
import { Deployment } from './deployment.ts';
import { devModel } from './model.ts';
import { watchFolder } from './watch.ts';

export interface DevOptions {
  name?: string;
  port?: string;
  chat?: boolean;
  isolation?: string;
  permissionMode?: string;
}

/** How long the server may take to end, in ms; it gives running turns half a minute. */
const longestEndMs = 45_000;

export async function dev(context: Context, dir: string | undefined, options: DevOptions): Promise<number> {
  const { terminal } = context;
  const shown = dir ?? '.';
  const folder = resolve(shown);
  const name = toAgentName(options.name ?? basename(folder));
  if (name === '')
    throw new Failure(`${JSON.stringify(basename(folder))} leaves no name for the agent. Give one with --name.`);
  // Before anything is started for it.
  await readAgentFiles(shown);
  const variables = await readEnvFiles(['.env', '.env.local'].map((file) => join(folder, file)).filter(existsSync));
  const dataDir = join(
    homedir(),
    '.ash',
    'dev',
    `${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`,
  );
  const other = readRecord(dataDir);
  if (other !== undefined) throw new Failure(`ash dev runs on this folder already: ${other.url} (pid ${other.pid})`);

  await using stack = new AsyncDisposableStack();
  const model = stack.use(await devModel({ ...process.env, ...variables }));
  const apiKey = `ash_dev_${randomBytes(12).toString('hex')}`;
  const env = {
    ...process.env,
    ...model.env,
    ASH_HOST: '127.0.0.1',
    ASH_PORT: String(count('--port', options.port) ?? 0),
    ASH_DATA_DIR: dataDir,
    ASH_API_KEY: apiKey,
    ASH_DATABASE_URL: undefined,
    ...(options.isolation === undefined ? {} : { ASH_ISOLATION: options.isolation }),
  };
  const server = await launch(env, dataDir, context, { attached: true });
  stack.defer(() => end(context, server));
  // What follows are commands that talk to this server.
  process.env.ASH_SERVER_URL = server.url;
  process.env.ASH_API_KEY = apiKey;
  const client = await context.client();

  const deployment = new Deployment(client, name, folder);
  const first = await deployment.deploy();
  if (first === undefined) throw new Failure('The folder is empty');
  if (model.scripted) {
    terminal.note('No model key in the environment: the answers come from a SCRIPTED MODEL.');
    terminal.note(
      terminal.dim('  Everything else is real. For real answers set ANTHROPIC_API_KEY, or put it in .env.'),
    );
  }
  // Short lines, so that what is to be copied is not cut in two.
  const notes = [
    `  server ${server.url}`,
    `  log    ${logPath(dataDir)}`,
    '  to talk to it from another terminal:',
    `    export ASH_SERVER_URL=${server.url}`,
    `    export ASH_API_KEY=${apiKey}`,
  ];
  for (const note of notes) terminal.note(terminal.dim(note));
  if (Object.keys(variables).length > 0) {
    terminal.note(terminal.dim(`  variables of sessions, from .env: ${Object.keys(variables).join(', ')}`));
  }
  terminal.note(`Deployed ${name} v${first.agent.version}; it is deployed anew whenever ${shown} changes.`);

  let chat: Chat | undefined;
  let newest = first.agent.version;
  /** The version for which the chat has moved on. */
  let renewed = newest;
  const say = (text: string) => (chat === undefined ? terminal.note(text) : chat.note(text));
  stack.use(
    watchFolder(
      folder,
      async () => {
        const next = await deployment.deploy();
        if (next === undefined) return;
        newest = next.agent.version;
        const how = chat === undefined ? '' : ` Your next message begins a session with it.`;
        say(`${name} v${newest} is live: ${next.words}.${how}`);
      },
      (error) => say(`Not deployed: ${error instanceof Error ? error.message : String(error)}`),
    ),
  );

  if (options.chat === false || !hasScreen()) {
    terminal.note('Ctrl-C ends it.');
    await new Promise<void>((leave) => process.once('SIGINT', () => leave()).once('SIGTERM', () => leave()));
    return 0;
  }
  const { chatOnScreen } = await import('../chat/on-screen.ts');
  const mode = options.permissionMode as 'default' | undefined;
  const open = () => client.createSession(name, { extraEnv: variables, permissionMode: mode });
  const { code } = await chatOnScreen(context, {
    session: await open(),
    resumed: false,
    open,
    // A session that the user has chosen stays, whatever its version.
    renew: async () => {
      const opened = chat?.link.session.agentVersion;
      if (opened === undefined || renewed === newest || opened === newest) return undefined;
      renewed = newest;
      return await open();
    },
    farewell: false,
    onChat: (begun) => {
      chat = begun;
    },
  });
  // A turn that nobody can see any more would hold up the end.
  if (chat?.conversation.turn !== undefined) await client.interruptSession(chat.link.session.id);
  chat = undefined;
  return code;
}

async function end(context: Context, server: ServerRecord): Promise<void> {
  try {
    process.kill(server.pid, 'SIGINT');
  } catch {
    return;
  }
  await waiting(context, 'Stopping the server', untilGone(server, longestEndMs));
}
