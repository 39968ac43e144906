/**
 * Where the agent runtime left off in a turn, by its own transcript: that alone decides how the turn goes on. Measured: the
 * file runs some 100 ms behind what was said, so after `kill -9` calls may be missing in it that have begun, and even ended;
 * they are in the log, and the recovery tells the model of them.
 */
import { contentBlocks, LineSplitter, type SdkMessage } from '@ash-ai/shared';
import { maxFrameBytes } from '@ash-ai/shared/bridge-wire';
import { openTranscript } from './transcript.ts';

export interface LeftOffRequest {
  sessionId: string;
  turnId: string;
  /** Messages of the turn that the log holds, by uuid. */
  said: readonly string[];
}

/**
 * `absent`: the prompt is not in it. `open`: a runtime that is resumed goes on by itself. `mid_reply`: it would not, as
 * the last that there is reads like an answer. `finished`: the model had said its last word.
 */
export type LeftOffState = 'absent' | 'open' | 'mid_reply' | 'finished';

export interface LeftOff {
  state: LeftOffState;
  /** Tool calls of the turn that it knows, by id. */
  calls: { id: string; open: boolean }[];
  /** Its newest messages that the log does not hold. */
  unsaid: SdkMessage[];
  /** Of the last reply. */
  text: string;
}

/** How much is brought back into the log that got lost between the runtime and the bridge, in characters. */
const maxUnsaidChars = 16 * 1024 * 1024;

interface Line {
  type?: unknown;
  uuid?: unknown;
  isSidechain?: unknown;
  isMeta?: unknown;
  isApiErrorMessage?: unknown;
  message?: unknown;
  toolUseResult?: unknown;
}

/** Reads it in a home that belongs to the agent; nothing in it is trusted to have a form. */
export async function readLeftOff(home: string, { sessionId, turnId, said }: LeftOffRequest): Promise<LeftOff> {
  const turn = new TurnInTranscript(sessionId, new Set(said));
  await using transcript = await openTranscript(home, sessionId);
  if (transcript === undefined) return turn.leftOff;
  const lines = new LineSplitter(maxFrameBytes);
  let found = false;
  for await (const chunk of transcript.chunks()) {
    for (const text of lines.push(chunk)) {
      // A long conversation is not parsed for the sake of its end.
      if (!found && !text.includes(turnId)) continue;
      const line = parsed(text);
      if (line === undefined) continue;
      if (!found) found = line.type === 'user' && line.uuid === turnId;
      if (found) turn.take(line);
    }
  }
  return turn.leftOff;
}

class TurnInTranscript {
  readonly #sessionId: string;
  readonly #said: ReadonlySet<string>;
  readonly #calls = new Map<string, boolean>();
  #unsaid: SdkMessage[] = [];
  #chars = 0;
  #state: LeftOffState = 'absent';
  #text = '';
  #replyId: unknown;

  constructor(sessionId: string, said: ReadonlySet<string>) {
    this.#sessionId = sessionId;
    this.#said = said;
  }

  get leftOff(): LeftOff {
    const calls = [...this.#calls].map(([id, open]) => ({ id, open }));
    return { state: this.#state, calls, unsaid: this.#unsaid, text: this.#text };
  }

  take(line: Line): void {
    const { type, uuid, message } = line;
    if ((type !== 'user' && type !== 'assistant') || line.isSidechain === true) return;
    if (typeof uuid !== 'string' || typeof message !== 'object' || message === null) return;
    const first = this.#state === 'absent';
    const said: SdkMessage = { type, message, parent_tool_use_id: null, session_id: this.#sessionId, uuid };
    const blocks = contentBlocks(said);
    if (type === 'assistant') this.#state = this.#afterReply(line, message, blocks);
    else {
      this.#state = 'open';
      for (const { type: kind, tool_use_id: id } of blocks)
        if (kind === 'tool_result' && typeof id === 'string') this.#calls.set(id, false);
    }
    if (this.#said.has(uuid)) this.#forgetUnsaid();
    // What the runtime writes in the user's name, and what the user said, is no message of the runtime.
    else if (!first && (type === 'assistant' || blocks.some((block) => block.type === 'tool_result'))) {
      this.#keep(line.toolUseResult === undefined ? said : { ...said, tool_use_result: line.toolUseResult });
    }
  }

  #afterReply(line: Line, message: object, blocks: Record<string, unknown>[]): LeftOffState {
    const { id, stop_reason: stop } = message as { id?: unknown; stop_reason?: unknown };
    if (id !== this.#replyId) this.#text = '';
    this.#replyId = id;
    for (const { type, id: call, text } of blocks) {
      if (type === 'tool_use' && typeof call === 'string') this.#calls.set(call, true);
      if (type === 'text' && typeof text === 'string') this.#text += text;
    }
    if (line.isApiErrorMessage === true || blocks.at(-1)?.type !== 'text') return 'open';
    return typeof stop === 'string' && stop !== 'tool_use' && stop !== 'pause_turn' ? 'finished' : 'mid_reply';
  }

  #keep(message: SdkMessage): void {
    this.#unsaid.push(message);
    this.#chars += JSON.stringify(message).length;
    while (this.#chars > maxUnsaidChars && this.#unsaid.length > 1)
      this.#chars -= JSON.stringify(this.#unsaid.shift()).length;
  }

  #forgetUnsaid(): void {
    this.#unsaid = [];
    this.#chars = 0;
  }
}

function parsed(text: string): Line | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    // Cut by the death of the runtime.
    return undefined;
  }
}
