/** The only file that knows the Claude Agent SDK: starts the runtime inside the wall and speaks with it. */
import {
  type CanUseTool,
  type HookCallback,
  type Options,
  type Query,
  query,
  type SDKUserMessage,
} from '@anthropic-ai/claude-agent-sdk';
import type { SdkMessage, TurnContent } from '@ash-ai/shared';
import type { LiveOptions, Paths, RuntimeOptions } from '@ash-ai/shared/bridge-wire';
import { withForwarder } from '@ash-ai/shared/egress';
import { runtimeCommand, runtimeEnv } from '@ash-ai/shared/runtime-command';
import type { Ask } from './approvals.ts';
import { networkNote } from './egress/network-note.ts';
import type { Wall } from './wall.ts';

/** Tools that would find other sessions, or start turns that nobody asked for. */
const unwantedTools = ['ListAgents', 'SendMessage', 'ScheduleWakeup', 'CronCreate', 'Monitor'];

/** Options of the runtime, and whether anything but model calls may leave its wall. */
export interface StartOptions extends RuntimeOptions {
  egress: boolean;
  /** Names the command with which it was started already. */
  headStart: string | undefined;
}

/** What it has to do with its session. */
interface RuntimeOwner {
  ask: Ask;
  started(args: readonly string[]): void;
  /** Resolves when a tool may run. */
  mayRun(toolUseId: string): Promise<void>;
}

/** A conversation with the agent runtime: one process, one streaming-input query. */
export class AgentRuntime {
  readonly #query: Query;
  readonly #input = new InputQueue();
  /** The model of turns that name none; found out when the first turn names one. */
  #ownModel: string | undefined;
  /** What the live query was switched to. */
  #switched: { model?: string | undefined; effort?: LiveOptions['effort'] | undefined } = {};

  /** @param started hears the arguments with which the SDK starts the runtime */
  constructor(wall: Wall, runtime: StartOptions, paths: Paths, { ask, started, mayRun }: RuntimeOwner) {
    const { egress, headStart } = runtime;
    const env = runtimeEnv(runtime, paths, { egress, isRoot: process.getuid?.() === 0 });
    this.#ownModel = runtime.model;
    this.#query = query({
      prompt: this.#input,
      options: {
        ...sdkOptions(runtime),
        // In bypass mode the runtime asks for nothing, and without it the tool that asks questions is not offered.
        ...(runtime.permissionMode === 'bypassPermissions' ? {} : { canUseTool: canUseTool(ask) }),
        hooks: { PreToolUse: [{ hooks: [runOnly(mayRun)] }] },
        cwd: paths.workspace,
        env,
        pathToClaudeCodeExecutable: paths.executable,
        spawnClaudeCodeProcess: ({ args }) => {
          started(args);
          const { executable, egressSocket } = paths;
          const command = egress ? withForwarder(egressSocket, executable, args) : ([executable, args] as const);
          wall.start(runtimeCommand(...command, env), headStart);
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

  /** Sends one message; `id` comes back as `user_message_uuid`. Without one it belongs to the turn that goes on. */
  send(id: string | undefined, content: TurnContent): void {
    this.#input.push({
      type: 'user',
      ...(id === undefined ? {} : { uuid: id as `${string}-${string}-${string}-${string}-${string}` }),
      parent_tool_use_id: null,
      message: { role: 'user', content: content as SDKUserMessage['message']['content'] },
    });
  }

  /** Switches what a turn may want without another start; what it leaves out goes back to what the runtime began with. */
  async apply({ model, effort }: LiveOptions): Promise<void> {
    const before = this.#switched;
    if (model === before.model && effort === before.effort) return;
    this.#switched = { model, effort };
    // The runtime knows its folder's settings, we don't; asking takes 150 ms, once.
    this.#ownModel ??= (await this.#query.getContextUsage({ detail: 'summary' })).model;
    // `setModel` would first try the model with a call of its own, once a model and process.
    await this.#query.applyFlagSettings({ model: model ?? this.#ownModel, effortLevel: effort ?? null });
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

/** Says nothing of whether a tool may be used, only when. */
function runOnly(mayRun: RuntimeOwner['mayRun']): HookCallback {
  return async (_input, toolUseId) => {
    if (toolUseId !== undefined) await mayRun(toolUseId);
    return {};
  };
}

function canUseTool(ask: Ask): CanUseTool {
  return async (toolName, input, context) => {
    const { requestId, toolUseID: toolUseId, agentID: agentId, decisionReason: reason, title, description } = context;
    const answer = await ask(
      { requestId, toolName, input, toolUseId, agentId, reason, title, description },
      context.signal,
    );
    return answer.decision === 'allow'
      ? { behavior: 'allow', updatedInput: answer.updatedInput ?? input }
      : { behavior: 'deny', message: answer.message ?? 'The user does not want this.' };
  };
}

function sdkOptions(runtime: StartOptions): Options {
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
    resumeSessionAt: runtime.resume ? undefined : runtime.forkOf?.at,
  };
  return {
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ...identityOf(runtime),
    systemPrompt: { type: 'preset', preset: 'claude_code', ...(runtime.egress ? { append: networkNote } : {}) },
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

/** Our session's id is the runtime's; a fork begins with a copy of another conversation, and is one of its own from then on. */
function identityOf({ sessionId, resume, forkOf }: RuntimeOptions): Options {
  if (resume) return { resume: sessionId };
  return forkOf === undefined ? { sessionId } : { sessionId, resume: forkOf.sessionId, forkSession: true };
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
