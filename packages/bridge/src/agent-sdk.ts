/** The only file that knows the Claude Agent SDK: starts the runtime inside the wall and speaks with it. */
import { type Options, type Query, query, type SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';
import type { SdkMessage, TurnContent } from '@ash-ai/shared';
import type { Paths, RuntimeOptions } from '@ash-ai/shared/bridge-wire';
import type { Wall } from './wall.ts';

/** Tools that would find other sessions, or start turns that nobody asked for. */
const unwantedTools = ['ListAgents', 'SendMessage', 'ScheduleWakeup', 'CronCreate', 'Monitor'];

/** A conversation with the agent runtime: one process, one streaming-input query. */
export class AgentRuntime {
  readonly #query: Query;
  readonly #input = new InputQueue();

  constructor(wall: Wall, runtime: RuntimeOptions, paths: Paths) {
    const env = runtimeEnv(runtime, paths);
    this.#query = query({
      prompt: this.#input,
      options: {
        ...sdkOptions(runtime),
        cwd: paths.workspace,
        env,
        pathToClaudeCodeExecutable: paths.executable,
        spawnClaudeCodeProcess: ({ args }) => {
          wall.start(paths.executable, args, env);
          return wall;
        },
      },
    });
  }

  /** Resolves when the runtime has answered for the first time. */
  async ready(): Promise<void> {
    await this.#query.initializationResult();
  }

  /** All messages of the runtime, until it ends; throws when it ends badly. */
  messages(): AsyncIterable<SdkMessage> {
    return this.#query as AsyncIterable<SdkMessage>;
  }

  /** Sends one message; `id` comes back as `user_message_uuid`. */
  send(id: string, content: TurnContent): void {
    this.#input.push({
      type: 'user',
      uuid: id as `${string}-${string}-${string}-${string}-${string}`,
      parent_tool_use_id: null,
      message: { role: 'user', content: content as SDKUserMessage['message']['content'] },
    });
  }

  async interrupt(): Promise<void> {
    await this.#query.interrupt();
  }

  /** Ends the input; the runtime finishes and exits. */
  close(): void {
    this.#input.end();
    this.#query.close();
  }
}

function sdkOptions(runtime: RuntimeOptions): Options {
  const bypass = runtime.permissionMode === 'bypassPermissions';
  const given: Record<string, unknown> = {
    model: runtime.model,
    maxTurns: runtime.maxTurns,
    maxBudgetUsd: runtime.maxBudgetUsd,
    effort: runtime.effort,
    thinking: runtime.thinking,
    outputFormat: runtime.outputFormat,
    allowedTools: runtime.allowedTools,
    betas: runtime.betas,
    agents: runtime.agents,
    agent: runtime.agent,
    mcpServers: runtime.mcpServers,
  };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...(runtime.resume ? { resume: runtime.sessionId } : { sessionId: runtime.sessionId }),
    systemPrompt: { type: 'preset', preset: 'claude_code' },
    settingSources: ['project'],
    includePartialMessages: true,
    permissionMode: bypass ? 'bypassPermissions' : 'default',
    ...(bypass ? { allowDangerouslySkipPermissions: true } : {}),
    disallowedTools: [...unwantedTools, ...(runtime.disallowedTools ?? [])],
    mcpServersDelivery: 'initialize',
    // Without it a resume that goes on by itself runs before our hooks exist (measured: 3 of 26).
    extraArgs: { 'await-initialize': null },
    settings: JSON.stringify({ skipWebFetchPreflight: true }),
  };
}

/** The whole environment of the runtime and, with it, of every tool. No secret in it. */
function runtimeEnv(runtime: RuntimeOptions, paths: Paths): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    SHELL: '/bin/bash',
    USER: 'agent',
    ...runtime.env,
    HOME: paths.home,
    CLAUDE_CONFIG_DIR: `${paths.home}/.claude`,
    ANTHROPIC_BASE_URL: 'http://model.ash.internal',
    ANTHROPIC_UNIX_SOCKET: paths.modelSocket,
    ANTHROPIC_API_KEY: 'set-by-the-gateway',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    CLAUDE_CODE_DISABLE_CRON: '1',
  };
}

/** The messages to the runtime, as the SDK wants to pull them. */
class InputQueue implements AsyncIterable<SDKUserMessage> {
  readonly #waiting: SDKUserMessage[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  push(message: SDKUserMessage): void {
    this.#waiting.push(message);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SDKUserMessage, void, undefined> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next !== undefined) yield next;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = undefined;
      }
    }
  }
}
