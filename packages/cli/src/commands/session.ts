/** `ash session …`: open, list, show, change. */
import type { Session } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { readEnvFiles } from '../env-file.ts';
import { amount, choice, count, jsonObject, pairs, textOrFile } from '../option-values.ts';
import { styleOf } from '../output/paint.ts';
import { type Column, showDone, showList, showOne, showSentence } from '../output/show.ts';
import { waiting } from '../output/waiting.ts';
import { ago, counted } from '../output/words.ts';

const statuses = ['starting', 'active', 'paused', 'stopped', 'ended', 'error'] as const;
const permissionModes = ['bypassPermissions', 'permissionsByAgent', 'default'] as const;

const columns: readonly Column<Session>[] = [
  { title: 'id', of: (session) => session.id },
  { title: 'agent', of: (session) => session.agentName, elastic: true },
  { title: 'ver', of: (session) => `v${session.agentVersion}` },
  { title: 'status', of: (session) => session.status, style: (session) => styleOf(session.status) },
  { title: 'last active', of: (session) => ago(session.lastActiveAt) },
];

export interface CreateOptions {
  model?: string;
  env?: string[];
  envFile?: string[];
  credential?: string;
  permissionMode?: string;
  systemPrompt?: string;
  maxSpendUsd?: string;
  with?: string;
}

export async function createSession(context: Context, agent: string, options: CreateOptions): Promise<void> {
  const maxSpendUsd = amount('--max-spend-usd', options.maxSpendUsd);
  const session = await (await context.client()).createSession(agent, {
    ...(await jsonObject('--with', options.with)),
    ...(options.model === undefined ? {} : { model: options.model }),
    ...defined('extraEnv', await variables(options)),
    ...defined('credentialId', options.credential),
    ...defined('permissionMode', choice('--permission-mode', options.permissionMode, permissionModes)),
    ...defined(
      'systemPrompt',
      options.systemPrompt === undefined ? undefined : await textOrFile('--system-prompt', options.systemPrompt),
    ),
    ...defined('modelLimits', maxSpendUsd === undefined ? undefined : { maxSpendUsd }),
  });
  showDone(context, 'Session created', session, { key: session.id, next: [`ash session send ${session.id} "Hello!"`] });
}

async function variables({ env, envFile }: CreateOptions): Promise<Record<string, string> | undefined> {
  const given = pairs('-e', env);
  return envFile === undefined ? given : { ...(await readEnvFiles(envFile)), ...given };
}

export async function listSessions(
  context: Context,
  options: { agent?: string; status?: string; limit?: string; offset?: string },
): Promise<void> {
  const status = choice('--status', options.status, statuses);
  const limit = count('--limit', options.limit);
  const offset = count('--offset', options.offset);
  const sessions = await (await context.client()).listSessions({ agent: options.agent, status, limit, offset });
  const filtered = options.agent !== undefined || status !== undefined || offset !== undefined;
  const none = filtered ? 'No sessions like that.' : 'No sessions yet. Open one: ash session create <agent>';
  showList(context, sessions, { columns, key: ({ id }) => id, none });
}

export async function getSession(context: Context, id: string): Promise<void> {
  const session = await (await context.client()).getSession(id);
  const { limits, enforced } = session;
  const walls = (['files', 'network', 'syscalls'] as const).filter((wall) => enforced?.[wall]);
  showOne(context, session, {
    key: session.id,
    facts: [
      ['id', session.id],
      ['agent', `${session.agentName} v${session.agentVersion}`],
      ['status', session.status],
      ['model', session.model],
      ['config', session.config === null ? undefined : JSON.stringify(session.config)],
      ['parent', session.parentSessionId],
      ['log', session.lastSeq === 1 ? '1 entry' : `${session.lastSeq} entries`],
      ['isolation', `${session.isolation}${walls.length > 0 ? ` (walls: ${walls.join(', ')})` : ''}`],
      ['limits', limits && `${limits.memoryMb} MiB memory, ${counted(limits.cpus, 'CPU')}, ${limits.diskMb} MiB disk`],
      ['runner', session.runnerId],
      ['created', `${session.createdAt} (${ago(session.createdAt)})`],
      ['last active', `${session.lastActiveAt} (${ago(session.lastActiveAt)})`],
    ],
  });
}

/** What is said while it takes its time: files are stored, or brought back. */
const changing = { pause: 'Pausing', resume: 'Resuming', stop: 'Stopping', end: 'Ending' } as const;

export async function changeSession(
  context: Context,
  verb: 'pause' | 'resume' | 'stop' | 'end',
  told: string,
  id: string,
): Promise<void> {
  const ash = await context.client();
  const change = { pause: ash.pauseSession, resume: ash.resumeSession, stop: ash.stopSession, end: ash.endSession };
  showDone(context, told, await waiting(context, changing[verb], change[verb](id)), { key: id });
}

export async function interrupt(context: Context, id: string): Promise<void> {
  const answer = await (await context.client()).interruptSession(id);
  const sentence = answer.interrupted ? `Turn interrupted: ${answer.turnId}` : 'No turn was running';
  showSentence(context, sentence, answer, answer.turnId ?? '');
}

export async function fork(context: Context, id: string, options: { at?: string; resume?: boolean }): Promise<void> {
  const client = await context.client();
  const { session, files, conversation } = await waiting(
    context,
    'Copying the workspace',
    client.forkSessionWithFiles(id, { at: count('--at', options.at) }),
  );
  const current = options.resume ? await client.resumeSession(session.id) : session;
  showDone(context, 'Session forked', current, {
    key: session.id,
    next: [
      `conversation up to entry ${conversation.upTo}; files as of ${files.asOf}${files.turnRunning ? ', while a turn was running' : ''}`,
      ...(options.resume ? [] : [`ash session resume ${session.id}`]),
    ],
  });
}

/** Fields of the configuration that can be taken back. */
const configFields = ['model', 'allowedTools', 'disallowedTools', 'betas', 'subagents', 'initialAgent'] as const;

export interface ConfigOptions {
  model?: string;
  allowTool?: string[];
  disallowTool?: string[];
  initialAgent?: string;
  unset?: string[];
  with?: string;
}

/** Changes the configuration, or shows it when nothing is to be changed. */
export async function configure(context: Context, id: string, options: ConfigOptions): Promise<void> {
  const client = await context.client();
  const change = {
    ...(await jsonObject('--with', options.with)),
    ...defined('model', options.model),
    ...defined('allowedTools', options.allowTool),
    ...defined('disallowedTools', options.disallowTool),
    ...defined('initialAgent', options.initialAgent),
    ...Object.fromEntries(
      (options.unset ?? []).map((field) => [choice('--unset', field, configFields) ?? field, null]),
    ),
  };
  const changed = Object.keys(change).length > 0;
  const session = changed ? await client.updateSessionConfig(id, change) : await client.getSession(id);
  if (changed) showDone(context, 'Session configured', session, { key: id, next: ['holds from the next turn on'] });
  else {
    const facts = Object.entries({ model: session.model, ...session.config }).map(
      ([name, value]) => [name, typeof value === 'string' ? value : value && JSON.stringify(value)] as const,
    );
    const value = { model: session.model, config: session.config };
    showOne(context, value, { key: id, facts: [['session', id], ...facts] });
  }
}

/** `{ name: value }`, or nothing when there is no value. */
function defined<N extends string, V>(name: N, value: V | undefined): { [K in N]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { [K in N]?: V };
}
