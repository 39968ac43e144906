/** The baseline: the Agent SDK alone, in this process, without Ash and without walls. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Query, query, type SDKUserMessage } from '@anthropic-ai/claude-agent-sdk';

/** One conversation on a long-lived streaming-input query. */
export class SdkAlone implements AsyncDisposable {
  readonly #folder: string;
  readonly #query: Query;
  #push: ((message: SDKUserMessage | undefined) => void) | undefined;
  #sessionId: string | undefined;

  private constructor(folder: string, modelUrl: string, resume: string | undefined) {
    this.#folder = folder;
    const next = (): Promise<SDKUserMessage | undefined> =>
      new Promise((resolve) => {
        this.#push = resolve;
      });
    async function* input(): AsyncGenerator<SDKUserMessage> {
      for (let message = await next(); message !== undefined; message = await next()) yield message;
    }
    this.#query = query({
      prompt: input(),
      options: {
        cwd: join(folder, 'workspace'),
        env: {
          PATH: process.env.PATH,
          HOME: folder,
          CLAUDE_CONFIG_DIR: join(folder, '.claude'),
          TMPDIR: folder,
          CLAUDE_CODE_TMPDIR: folder,
          IS_SANDBOX: '1',
          ANTHROPIC_BASE_URL: modelUrl,
          ANTHROPIC_API_KEY: 'bench',
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
          DISABLE_TELEMETRY: '1',
          DISABLE_ERROR_REPORTING: '1',
          DISABLE_AUTOUPDATER: '1',
          CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
          CLAUDE_CODE_DISABLE_CRON: '1',
        },
        ...(resume === undefined ? {} : { resume }),
        includePartialMessages: true,
        permissionMode: 'bypassPermissions',
        allowDangerouslySkipPermissions: true,
        settingSources: ['project'],
        systemPrompt: { type: 'preset', preset: 'claude_code' },
        extraArgs: { 'await-initialize': null },
      },
    });
  }

  static async start(modelUrl: string): Promise<SdkAlone> {
    const folder = await mkdtemp(join(tmpdir(), 'ash-bench-sdk-'));
    await mkdir(join(folder, 'workspace'));
    return new SdkAlone(folder, modelUrl, undefined);
  }

  /** Ends the runtime and gives what starts another one with the same conversation. */
  async sleep(modelUrl: string): Promise<() => SdkAlone> {
    await this.#end();
    return () => new SdkAlone(this.#folder, modelUrl, this.#sessionId);
  }

  /** Sends a message and reads to its result; `onMessage` sees everything. */
  async turn(content: string, onMessage?: (message: { type: string }) => void): Promise<void> {
    const message: SDKUserMessage = { type: 'user', parent_tool_use_id: null, message: { role: 'user', content } };
    // The SDK asks for input as soon as it is read from.
    const reading = this.#query.next();
    while (this.#push === undefined) await new Promise((resolve) => setImmediate(resolve));
    const push = this.#push;
    this.#push = undefined;
    push(message);
    for (let step = await reading; !step.done; step = await this.#query.next()) {
      if ('session_id' in step.value) this.#sessionId = step.value.session_id;
      onMessage?.(step.value);
      if (step.value.type === 'result') return;
    }
    throw new Error('the SDK ended without a result');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end();
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }

  /** The end of the input ends the runtime; until it is gone it writes into its folder. */
  async #end(): Promise<void> {
    this.#push?.(undefined);
    for (let step = await this.#query.next(); !step.done; step = await this.#query.next());
  }
}
