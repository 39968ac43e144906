/**
 * A session as a conversation on a screen: takes the events of its stream, hands out what is finished as blocks to print
 * for good, and shows the rest as live lines. Knows nothing of terminals, servers or clocks.
 */
import type { ApprovalRequest, AshStreamEvent } from '@ash-ai/shared';
import { isFailure, reasonOf } from '../../result.ts';
import type { Look } from '../markdown/look.ts';
import { MarkdownStream } from '../markdown/stream.ts';
import { harmless } from '../screen/harmless.ts';
import { type Block, type Line, span } from '../screen/line.ts';
import { noteBlock, type ToolCall, toolLine, userBlock } from './looks.ts';
import { amount, duration, resultText, toolDetails, toolName, toolSubject } from './tool-words.ts';
import { Totals } from './totals.ts';
import { blocksOf, retryWords, sessionWords, suggestionFor, userText } from './words.ts';

type Data = Record<string, unknown>;
/** What was printed last: `text` is one that may go on. */
type Kind = 'nothing' | 'text' | 'tool' | 'other';

const spinner = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const spinnerMs = 100;

interface Running extends ToolCall {
  input: unknown;
}

export class Conversation {
  readonly totals = new Totals();
  /** The turn that runs, and since when. */
  turn: { id: string; sinceMs: number } | undefined;
  /** Accepted turns that have not begun, with what was said where it is still to be shown: below the turn before. */
  readonly waiting = new Map<string, Block | undefined>();
  /** What was folded last: a tool call with its result, or a thought. */
  folded: { title: string; body: string } | undefined;
  readonly #text: MarkdownStream;
  #asked: ApprovalRequest[] = [];
  /** Requests that were answered here, of which the server has not told yet. */
  readonly #settled = new Set<string>();
  readonly #tools = new Map<string, Running>();
  /** Text of the message that is coming, as far as it has come. */
  #shown = '';
  #thinkingSinceMs: number | undefined;
  /** Why the model is asked again, while it is. */
  #retry: string | undefined;
  #failure: { text: string; code?: string | undefined } | undefined;
  #said = '';
  #folder: string | undefined;
  #last: Kind = 'nothing';

  constructor(look: Look) {
    this.#text = new MarkdownStream(look);
  }

  /** Takes an event; gives what it has finished. */
  take(event: AshStreamEvent | { type: string; data: Data }, nowMs: number): Block[] {
    const data = event.data as Data;
    switch (event.type) {
      case 'turn_accepted':
        return this.#accepted(String(data.turnId), userBlock(userText(data.content)));
      case 'turn_started':
        this.turn = { id: String(data.turnId), sinceMs: nowMs };
        return this.#begun(this.turn.id);
      case 'message':
        return this.#message(data, nowMs);
      case 'approval':
        this.#asked.push(data as unknown as ApprovalRequest);
        return this.#endText();
      case 'approval_answered':
        return this.#answered(data, nowMs);
      case 'error':
        this.#failure = { text: String(data.error), code: typeof data.code === 'string' ? data.code : undefined };
        return [];
      case 'done':
        return this.#done(data, nowMs);
      case 'session': {
        const words = sessionWords(String(data.action));
        return words === undefined ? [] : this.#put('other', noteBlock(words));
      }
      default:
        return [];
    }
  }

  /** A remark of the chat itself, as a block of the conversation. */
  note(block: Block): Block[] {
    return [...this.#endText(), ...this.#put('other', block)];
  }

  /** What the agent waits for, oldest first. */
  get approvals(): ApprovalRequest[] {
    return this.#asked.filter(({ approvalId }) => !this.#settled.has(approvalId));
  }

  /** Notes that an answer is under way, or that it did not arrive. */
  settle({ approvalId }: ApprovalRequest, settled: boolean): void {
    if (settled) this.#settled.add(approvalId);
    else this.#settled.delete(approvalId);
  }

  /** Turns to another session: what was open of this one is finished as it stands. */
  leave(): Block[] {
    const done = this.#endText();
    this.#tools.clear();
    this.#shown = '';
    this.turn = undefined;
    this.waiting.clear();
    this.#asked = [];
    return done;
  }

  /** Whether something moves on the screen by itself. */
  get moving(): boolean {
    return this.turn !== undefined && this.approvals.length === 0;
  }

  /** What is not finished. */
  live(width: number, nowMs: number): Line[] {
    const frame = spinner[Math.floor(nowMs / spinnerMs) % spinner.length] ?? '';
    const lines: Line[] = [];
    const open = this.#text.open(width);
    if (open.length > 0) lines.push(...(this.#last === 'text' ? [] : [[]]), ...open);
    const asked = new Set(this.approvals.map(({ toolUseId }) => toolUseId));
    const running = [...this.#tools].filter(([id]) => !asked.has(id));
    if (running.length > 0 && (open.length > 0 || this.#last !== 'tool')) lines.push([]);
    for (const [, call] of running) lines.push(toolLine(call, width, { spinner: frame, nowMs }));
    if (this.turn !== undefined && this.#tools.size === 0 && this.approvals.length === 0 && open.length === 0) {
      lines.push([], [span(`${frame} `, { colour: 'cyan' }), span(this.#doing(nowMs), { dim: true })]);
    }
    return lines;
  }

  #doing(nowMs: number): string {
    if (this.#retry !== undefined) return this.#retry;
    const thinking = this.#thinkingSinceMs !== undefined;
    const since = duration(nowMs - (this.#thinkingSinceMs ?? this.turn?.sinceMs ?? nowMs));
    return `${thinking ? 'Thinking' : 'Working'}${since === undefined ? '' : ` ${since}`} · Esc interrupts`;
  }

  #accepted(turnId: string, said: Block): Block[] {
    const waits = this.turn !== undefined || this.waiting.size > 0;
    this.waiting.set(turnId, waits ? said : undefined);
    return waits ? [] : this.#put('other', said);
  }

  #begun(turnId: string): Block[] {
    const said = this.waiting.get(turnId);
    this.waiting.delete(turnId);
    return said === undefined ? [] : this.#put('other', said);
  }

  #message(message: Data, nowMs: number): Block[] {
    if (typeof message.parent_tool_use_id === 'string') return this.#ofSubagent(message.parent_tool_use_id, message);
    this.totals.take(message);
    switch (message.type) {
      case 'stream_event':
        this.#retry = undefined;
        return this.#partial((message.event ?? {}) as Data, nowMs);
      case 'assistant':
        return blocksOf(message).flatMap((block) => this.#assistant(block, nowMs));
      case 'user':
        return blocksOf(message).flatMap((block) => this.#toolResult(block, message, nowMs));
      case 'system':
        if (message.subtype === 'init' && typeof message.cwd === 'string') this.#folder = message.cwd;
        if (message.subtype === 'api_retry') this.#retry = retryWords(message);
        return [];
      case 'result':
        if (isFailure(message)) this.#failure ??= { text: reasonOf(message) };
        return [];
      default:
        return [];
    }
  }

  #partial(event: Data, nowMs: number): Block[] {
    const delta = (event.delta ?? {}) as Data;
    if (event.type === 'message_start') {
      const broken = this.#shown !== '';
      this.#shown = '';
      return broken ? this.note(noteBlock('(The connection to the model broke; it begins anew.)')) : [];
    }
    if (event.type !== 'content_block_delta') return [];
    if (delta.type === 'thinking_delta') {
      this.#thinkingSinceMs ??= nowMs;
      return [];
    }
    if (delta.type !== 'text_delta') return [];
    this.#shown += String(delta.text);
    return this.#say(String(delta.text));
  }

  #assistant(block: Data, nowMs: number): Block[] {
    if (block.type === 'text') return this.#wholeText(String(block.text));
    if (block.type === 'thinking') return this.#thoughtOver(String(block.thinking ?? ''), nowMs);
    if (block.type !== 'tool_use') return [];
    const done = this.#endText();
    const { name, input } = { name: toolName(String(block.name)), input: block.input };
    const call = { name, input, subject: toolSubject(input, this.#folder), startedAtMs: nowMs, steps: 0 };
    this.#tools.set(String(block.id), call);
    return done;
  }

  /** The whole text of a message of which all, some or nothing has come in parts. */
  #wholeText(text: string): Block[] {
    const known = text.startsWith(this.#shown);
    const done = known ? this.#say(text.slice(this.#shown.length)) : [...this.#endText(), ...this.#say(text)];
    this.#shown = '';
    this.#said = text;
    return [...done, ...this.#endText()];
  }

  #thoughtOver(thought: string, nowMs: number): Block[] {
    const since = this.#thinkingSinceMs;
    this.#thinkingSinceMs = undefined;
    const took = since === undefined ? undefined : duration(nowMs - since);
    if (thought.trim() === '') return [];
    this.folded = { title: 'Thought', body: thought };
    return this.#put('tool', noteBlock(`∴ Thought${took === undefined ? '' : ` for ${took}`} · ${amount(thought)}`));
  }

  #ofSubagent(parent: string, message: Data): Block[] {
    const call = this.#tools.get(parent);
    if (call !== undefined && message.type === 'assistant') {
      call.steps += blocksOf(message).filter(({ type }) => type === 'tool_use').length;
    }
    return [];
  }

  #toolResult(block: Data, message: Data, nowMs: number): Block[] {
    if (block.type !== 'tool_result') return [];
    const id = String(block.tool_use_id);
    const call = this.#tools.get(id);
    if (call === undefined) return [];
    this.#tools.delete(id);
    const output = (message.tool_use_result ?? {}) as Data;
    const text =
      typeof output.stdout === 'string'
        ? [output.stdout, output.stderr].filter(Boolean).join('\n')
        : resultText(block.content);
    const isError = block.is_error === true;
    // A command that failed may have said nothing on its two outputs.
    const shown = isError && text.trim() === '' ? resultText(block.content) : text;
    const result = { text: shown, isError, tookMs: nowMs - call.startedAtMs };
    this.folded = { title: call.name, body: `${toolDetails(call.input)}\n\n${shown.trimEnd() || '(no output)'}` };
    return [...this.#endText(), ...this.#put('tool', (width) => [toolLine(call, width, result)])];
  }

  #answered(data: Data, nowMs: number): Block[] {
    const asked = this.#asked.find(({ approvalId }) => approvalId === data.approvalId);
    this.#asked = this.#asked.filter((each) => each !== asked);
    // The time that somebody took to answer is not the tool's.
    const call = asked && this.#tools.get(asked.toolUseId);
    if (call !== undefined) call.startedAtMs = nowMs;
    if (asked === undefined || data.decision === 'allow') return [];
    const why = typeof data.message === 'string' ? `: ${data.message}` : '';
    return this.#put('tool', noteBlock(`${toolName(asked.toolName)} was denied${why}`));
  }

  #done(data: Data, nowMs: number): Block[] {
    // A turn may end before it began.
    const done = [...this.#endText(), ...this.#begun(String(data.turnId))];
    for (const call of this.#tools.values()) {
      const result = { text: 'interrupted', isError: true, tookMs: nowMs - call.startedAtMs };
      done.push(...this.#put('tool', (width) => [toolLine(call, width, result)]));
    }
    this.#tools.clear();
    const failure = this.#failure;
    this.#failure = undefined;
    this.#retry = undefined;
    this.#thinkingSinceMs = undefined;
    this.#shown = '';
    this.turn = undefined;
    this.#asked = [];
    if (data.status === 'interrupted')
      return [...done, ...this.#put('other', noteBlock('Interrupted', { colour: 'yellow' }))];
    if (data.status !== 'failed') return done;
    const reason = failure === undefined || failure.text === this.#said ? 'The turn failed' : failure.text;
    const words = [reason, suggestionFor(failure?.code)].filter(Boolean).join('\n  ');
    return [...done, ...this.#put('other', noteBlock(`✗ ${words}`, { colour: 'red' }))];
  }

  #say(text: string): Block[] {
    return this.#text.push(harmless(text)).flatMap((block) => this.#put('text', block));
  }

  #endText(): Block[] {
    const done = this.#text.finish().flatMap((block) => this.#put('text', block));
    if (this.#last === 'text') this.#last = 'other';
    return done;
  }

  /** With an empty line before it where it stands apart; texts of one message keep their own. */
  #put(kind: Kind, block: Block): Block[] {
    const close = this.#last === 'nothing' || (this.#last === kind && kind !== 'other');
    this.#last = kind;
    return [close ? block : (width) => [[], ...block(width)]];
  }
}
