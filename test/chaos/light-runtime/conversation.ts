/** Turns of the conversation, one after another: the model is asked, its tools are run, until it has said its last word. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { framed, type Json, toolResult } from './frames.ts';
import type { Hooks } from './hooks.ts';
import { callModel, ModelError } from './model-call.ts';
import { Reply } from './reply.ts';
import type { Line, Transcript } from './transcript.ts';

/** What the runtime says in the model's name after a call that was cut off, when nobody asks it to go on. */
const noResponse = 'No response requested.';
/** A turn that never ends is a fault of the script. */
const maxSteps = 50;

interface Rooms {
  sessionId: string;
  transcript: Transcript;
  say(message: Json): void;
  hooks: Hooks;
}

export class Conversation {
  readonly #rooms: Rooms;
  readonly #prompts: Json[] = [];
  #stop: AbortController | undefined;
  #running: Promise<void> | undefined;
  #begun = false;

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** The host is there: what the transcript left open goes on by itself, or is closed. */
  begin(): void {
    this.#begun = true;
    const { transcript } = this.#rooms;
    const goesOn = process.env.CLAUDE_CODE_RESUME_INTERRUPTED_TURN === '1' && transcript.isOpen;
    const mended = transcript.mend();
    if (goesOn) {
      const prompt = transcript.lines.findLast(
        (line) => line.type === 'user' && typeof line.message.content === 'string',
      );
      this.#start(() => this.#turn(prompt?.uuid, mended));
    } else {
      if (mended.length > 0) this.#rooms.transcript.add(lineOf('assistant', [{ type: 'text', text: noResponse }]));
      this.#next();
    }
  }

  take(prompt: Json): void {
    this.#prompts.push(prompt);
    this.#next();
  }

  interrupt(): void {
    this.#stop?.abort();
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #next(): void {
    if (this.#running !== undefined || !this.#begun) return;
    const prompt = this.#prompts.shift();
    if (prompt === undefined) return;
    const uuid: string = prompt.uuid ?? randomUUID();
    const { content } = prompt.message as Json;
    this.#start(async () => {
      this.#rooms.transcript.add({ type: 'user', uuid, message: { role: 'user', content } });
      await this.#turn(prompt.uuid, []);
    });
  }

  #start(turn: () => Promise<void>): void {
    this.#stop = new AbortController();
    this.#running = turn().finally(() => {
      this.#running = undefined;
      this.#stop = undefined;
      this.#next();
    });
  }

  async #turn(promptId: string | undefined, mended: Line[]): Promise<void> {
    const signal = this.#stop?.signal ?? AbortSignal.abort();
    this.#say({
      type: 'system',
      subtype: 'init',
      cwd: process.cwd(),
      model: 'light',
      tools: ['Bash'],
      permissionMode: 'bypassPermissions',
    });
    for (const { message, uuid } of mended) this.#say({ type: 'user', message, uuid });
    const result = (more: Json): void => {
      // As the real one: killed at its result, it had the answer in its transcript (6 of 6).
      this.#rooms.transcript.flush();
      this.#say({
        ...{ type: 'result', subtype: 'success', is_error: false, num_turns: 1, duration_ms: 1, duration_api_ms: 1 },
        ...{ total_cost_usd: 0, usage: { input_tokens: 1, output_tokens: 1 }, modelUsage: {}, permission_denials: [] },
        ...(promptId === undefined ? {} : { user_message_uuid: promptId }),
        ...more,
      });
    };
    let doing: 'streaming' | 'tools' = 'streaming';
    try {
      for (let step = 0; step < maxSteps; step += 1) {
        doing = 'streaming';
        const reply = await this.#ask(signal);
        if (reply.calls.length === 0) {
          result({ result: reply.text });
          return;
        }
        doing = 'tools';
        for (const call of reply.calls) await this.#run(call, signal);
      }
      result({ subtype: 'error_max_turns', is_error: true });
    } catch (cause) {
      if (signal.aborted) {
        for (const id of this.#rooms.transcript.openCalls()) this.#answer(id, 'The user does not want to go on.', true);
        this.#rooms.transcript.add(lineOf('user', [{ type: 'text', text: '[Request interrupted by user]' }]));
        result({ subtype: 'error_during_execution', is_error: true, terminal_reason: `aborted_${doing}` });
      } else {
        const words = `API Error: ${cause instanceof Error ? cause.message : cause}`;
        this.#rooms.transcript.add(lineOf('assistant', [{ type: 'text', text: words }]));
        const status = cause instanceof ModelError ? { api_error_status: cause.status ?? null } : {};
        result({ is_error: true, result: words, terminal_reason: 'api_error', ...status });
      }
    }
  }

  async #ask(signal: AbortSignal): Promise<Reply> {
    const { sessionId, transcript } = this.#rooms;
    let reply = new Reply();
    await callModel(
      { sessionId, messages: transcript.messages, signal },
      {
        event: (event) => {
          if (event.type === 'message_start') reply = new Reply();
          this.#say({ type: 'stream_event', event });
          // A block is said when the next event has come: a stream that breaks off at its end is asked for once more.
          const block = reply.take(event);
          if (block === undefined) return;
          const message = { ...reply.message, role: 'assistant', content: [block] };
          const { uuid } = this.#say({ type: 'assistant', message });
          reply.lines.push({ type: 'assistant', uuid, message });
        },
        retry: (attempt, status) =>
          this.#say({ type: 'system', subtype: 'api_retry', attempt, error_status: status ?? null }),
      },
    );
    for (const line of reply.lines)
      transcript.add({ ...line, message: { ...line.message, stop_reason: reply.stopReason } });
    return reply;
  }

  async #run({ id, name, input }: Json, signal: AbortSignal): Promise<void> {
    await this.#rooms.hooks.beforeTool({ id, name, input });
    signal.throwIfAborted();
    const child = spawn('/bin/bash', ['-c', String(input.command)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
    const [code] = (await once(child, 'close')) as [number | null];
    signal.throwIfAborted();
    this.#answer(id, text.trim(), code !== 0);
  }

  #answer(id: string, text: string, isError: boolean): void {
    const message = { role: 'user', content: [toolResult(id, text, isError)] };
    const { uuid } = this.#say({ type: 'user', message });
    this.#rooms.transcript.add({ type: 'user', uuid, message });
  }

  #say(message: Json): Json {
    const said = framed(this.#rooms.sessionId, message);
    this.#rooms.say(said);
    return said;
  }
}

function lineOf(type: 'user' | 'assistant', content: Json[]): Line {
  const id = type === 'assistant' ? { id: `msg_${randomUUID()}`, stop_reason: 'end_turn' } : {};
  return { type, uuid: randomUUID(), message: { role: type, content, ...id } };
}
