// The real Agent SDK with its real executable in throw-away folders, talking to a scripted model.
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Options,
  query,
  type SDKMessage,
  type SDKResultMessage,
  type SDKUserMessage,
} from '@anthropic-ai/claude-agent-sdk';

/** A workspace and a home for agent runtimes. */
export interface AgentHome extends AsyncDisposable {
  readonly cwd: string;
  /** Runs the prompts one after the other in one process; the messages of each turn end with its result. */
  run(prompts: readonly string[], options?: Options, env?: Record<string, string>): Promise<SDKMessage[][]>;
}

/** Makes the folders; disposing removes them. */
export async function agentHome(modelUrl: string): Promise<AgentHome> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'scripted-model-')));
  const cwd = join(root, 'workspace');
  await mkdir(cwd);
  const baseEnv = {
    PATH: process.env.PATH,
    HOME: root,
    CLAUDE_CONFIG_DIR: join(root, '.claude'),
    ANTHROPIC_BASE_URL: modelUrl,
    ANTHROPIC_API_KEY: 'dummy',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    CLAUDE_CODE_DISABLE_CRON: '1',
    IS_SANDBOX: '1',
    TMPDIR: root,
    CLAUDE_CODE_TMPDIR: root,
  };

  return {
    cwd,
    async run(prompts, options = {}, env = {}) {
      const turns: SDKMessage[][] = [];
      let turnEnded = () => {};
      async function* input(): AsyncGenerator<SDKUserMessage> {
        for (const prompt of prompts) {
          const { promise, resolve } = Promise.withResolvers<void>();
          turnEnded = resolve;
          yield { type: 'user', message: { role: 'user', content: prompt }, parent_tool_use_id: null };
          await promise;
        }
      }
      const messages = query({
        prompt: input(),
        options: {
          cwd,
          permissionMode: 'bypassPermissions',
          allowDangerouslySkipPermissions: true,
          settingSources: [],
          extraArgs: { 'await-initialize': null },
          env: { ...baseEnv, ...env },
          ...options,
        },
      });
      let turn: SDKMessage[] = [];
      try {
        for await (const message of messages) {
          turn.push(message);
          if (message.type !== 'result') continue;
          turns.push(turn);
          turn = [];
          turnEnded();
        }
      } catch (cause) {
        // When the input ends after a result with is_error, the iterator throws that error once more.
        if (turns.length < prompts.length || turn.length > 0) throw cause;
      }
      return turns;
    },
    async [Symbol.asyncDispose]() {
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** The result that ends a turn. */
export function resultOf(turn: readonly SDKMessage[] | undefined): SDKResultMessage {
  const last = turn?.at(-1);
  if (last?.type !== 'result') throw new Error('The turn has no result.');
  return last;
}

/** The text of the result that ends a turn. */
export function textOf(turn: readonly SDKMessage[] | undefined): string {
  const result = resultOf(turn);
  return result.subtype === 'success' ? result.result : `${result.subtype}: ${result.errors.join('; ')}`;
}
