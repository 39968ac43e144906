/**
 * `ash smoke`: the whole path on this machine, in a few seconds: a server of its own with the scripted model, an agent, a
 * session, a turn with a tool, its file, its end. Nothing of it stays, and nothing of the user's is touched.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { untilGone } from '../commands/stop.ts';
import type { Context } from '../context.ts';
import { leaving } from '../detach.ts';
import { describe } from '../failure.ts';
import { launch, logPath } from '../local-server/launch.ts';
import { readTail } from '../local-server/log-tail.ts';
import type { ServerRecord } from '../local-server/record.ts';
import { waiting } from '../output/waiting.ts';
import { inLine } from '../output/width.ts';
import { type State, steps } from './steps.ts';

export interface SmokeOptions {
  isolation?: string;
  keep?: boolean;
}

interface Told {
  name: string;
  ok: boolean;
  ms: number;
  detail: string;
}

/** How long the server may take to end, in ms. */
const longestEndMs = 30_000;

export async function smoke(context: Context, options: SmokeOptions): Promise<number> {
  const told: Told[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'ash-smoke-'));
  using left = leaving();
  /** Runs a step and says how it went; false when nothing after it makes sense. */
  const step = async (name: string, work: () => Promise<string>): Promise<boolean> => {
    if (left.signal.aborted) return false;
    const since = performance.now();
    const detail = await waiting(context, name, work()).catch((error: unknown) => error);
    const failed = typeof detail !== 'string';
    const text = failed ? describe(detail, 'the server of the smoke test', 'failed') : detail;
    say(context, { name, ok: !failed, ms: Math.round(performance.now() - since), detail: text }, told);
    return !failed;
  };

  let record: ServerRecord | undefined;
  try {
    const { startScriptedModel } = await import('@ash-ai/scripted-model');
    await using model = await startScriptedModel();
    const apiKey = `ash_${randomBytes(16).toString('hex')}`;
    const started = await step('start a server', async () => {
      record = await launch(environment(options, folder, model.url, apiKey), folder, context);
      return record.url;
    });
    if (started && record !== undefined) {
      const { AshClient } = await import('@ash-ai/sdk');
      const client = new AshClient({ serverUrl: record.url, apiKey });
      await step('its walls', async () => {
        const { isolation } = await client.health();
        return isolation === 'process' ? 'none: isolation "process" is for development only' : isolation;
      });
      const state: State = { sessionId: '', lastSeq: 0 };
      for (const { name, run } of steps) if (!(await step(name, () => run({ client, state })))) break;
    }
    if (record !== undefined) await end(step, record);
  } finally {
    const failed = told.some(({ ok }) => !ok);
    if (failed && context.form !== 'json') tellOfLog(context, folder);
    if (options.keep) context.terminal.note(`Kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
  return conclude(context, told, left.signal.aborted);
}

/** Nothing of the user's environment that would lead the server elsewhere. */
function environment(options: SmokeOptions, folder: string, modelUrl: string, apiKey: string) {
  const own = Object.entries(process.env).filter(([name]) => !/^(ASH_|ANTHROPIC_|CLAUDE_)/.test(name));
  const kept = ['ASH_ISOLATION', 'ASH_SANDBOX_DISK', 'CLAUDE_CODE_EXECUTABLE'].map(
    (name) => [name, process.env[name]] as const,
  );
  return {
    ...Object.fromEntries([...own, ...kept]),
    ...(options.isolation === undefined ? {} : { ASH_ISOLATION: options.isolation }),
    ASH_HOST: '127.0.0.1',
    ASH_PORT: '0',
    ASH_DATA_DIR: folder,
    ASH_API_KEY: apiKey,
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: 'scripted',
  };
}

async function end(step: (name: string, work: () => Promise<string>) => Promise<boolean>, record: ServerRecord) {
  const stop = async () => {
    process.kill(record.pid, 'SIGINT');
    await untilGone(record, longestEndMs);
    return 'in good order';
  };
  // Whoever leaves with Ctrl-C leaves no server behind.
  if (!(await step('stop the server', stop))) await stop().catch(() => undefined);
}

function say({ form, terminal, paint }: Context, told: Told, all: Told[]): void {
  all.push(told);
  if (form === 'json' || form === 'quiet') return;
  const mark = told.ok ? paint('green', '✓') : paint('red', '✗');
  terminal.out(
    `${mark} ${told.name.padEnd(20)} ${paint('dim', `${(told.ms / 1000).toFixed(1)}s`.padStart(6))}  ${inLine(told.detail)}\n`,
  );
}

function tellOfLog({ terminal }: Context, folder: string): void {
  const tail = readTail(logPath(folder), 10).trimEnd();
  if (tail !== '') terminal.fail(`The end of the server's log:\n${tail}`);
}

function conclude({ form, terminal, paint }: Context, told: readonly Told[], left: boolean): number {
  const ok = !left && told.every((one) => one.ok);
  if (form === 'json') terminal.json({ ok, steps: told });
  else if (form !== 'quiet' && ok) terminal.out(`${paint('green', 'Ash works on this machine.')}\n`);
  if (left) terminal.fail('Left; nothing of it stays.');
  else if (!ok && form !== 'json')
    terminal.fail('Ash does not work on this machine yet.\n  "ash doctor" says what is missing.');
  return ok ? 0 : 1;
}
