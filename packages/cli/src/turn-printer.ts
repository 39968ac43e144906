/** Shows a turn to a person: the agent's text on stdout as it comes, what its tools do beside it. */
import { type AshStreamEvent, extractDisplayItems, extractStreamDelta, extractTextFromEvent } from '@ash-ai/sdk';
import { brief } from './output/summary.ts';
import { cutTo, harmless, inLine } from './output/width.ts';
import { isFailure, reasonOf } from './result.ts';
import type { Terminal } from './terminal.ts';

export class TurnPrinter {
  readonly #terminal: Pick<Terminal, 'out' | 'note' | 'dim'>;
  readonly #wholeLog: boolean;
  /** Text of the message that is still coming, as far as it was shown. */
  #shown = '';
  #atLineStart = true;
  #result: string | undefined;
  /** Why the turn failed; undefined when it didn't. */
  failure: string | undefined;
  /** Code of the failure, if it has one. */
  code: string | undefined;

  /** @param wholeLog whether turns of a log are shown, one after the other, with what the user said */
  constructor(terminal: Pick<Terminal, 'out' | 'note' | 'dim'>, wholeLog = false) {
    this.#terminal = terminal;
    this.#wholeLog = wholeLog;
  }

  take(event: AshStreamEvent): void {
    if (this.#wholeLog) this.#fromLog(event.type, { ...event.data });
    if (event.type === 'message') this.#message(event.data);
    else if (event.type === 'error') {
      this.failure = event.data.error;
      this.code = event.data.code;
    } else if (event.type === 'done') {
      this.#endLine();
      const { status } = event.data;
      if (status === 'interrupted') this.failure ??= 'The turn was interrupted';
      if (status === 'failed') this.failure ??= this.#result ?? 'The turn failed';
    }
  }

  /** What a log holds besides the turns. */
  #fromLog(type: string, data: Record<string, unknown>): void {
    if (type === 'turn_accepted') this.#line(`> ${brief(data.content)}`);
    else if (type === 'session') this.#aside(`(session: ${brief(data.action)})`);
    else if (type === 'approval') this.#line(`? ${brief(data.toolName)} ${brief(data.input)} waits for an approval`);
    else if (type === 'approval_answered') this.#aside(`(approval: ${brief(data.decision)})`);
    else if (type === 'error') this.#line(`! ${brief(data.error)}`);
  }

  #message(data: Record<string, unknown>): void {
    // What a subagent says is its parent's tool result, not the answer.
    if (typeof data.parent_tool_use_id === 'string') return;
    const delta = extractStreamDelta(data);
    if (delta !== null) {
      this.#shown += delta;
      this.#write(delta);
      return;
    }
    // The model's stream broke, and it begins anew: what was shown of the message is void.
    if (data.type === 'stream_event' && (data.event as { type?: unknown } | undefined)?.type === 'message_start') {
      if (this.#shown !== '') this.#endLine();
      this.#shown = '';
    }
    const text = extractTextFromEvent(data);
    if (text !== null) this.#complete(text);
    if (data.type === 'result' && isFailure(data)) this.#result = reasonOf(data);
    for (const item of extractDisplayItems(data) ?? []) {
      if (item.type === 'tool_use') this.#aside(inLine(`[${item.content}] ${item.toolInput ?? ''}`));
      if (item.type === 'tool_result') this.#aside(`  ${inLine(item.content.split('\n', 1)[0]?.slice(0, 100) ?? '')}`);
    }
  }

  /** The whole text of a message whose deltas may have been shown: all of them, some, or others (a model call repeated). */
  #complete(text: string): void {
    if (text.startsWith(this.#shown)) this.#write(text.slice(this.#shown.length));
    else {
      this.#endLine();
      this.#write(text);
    }
    this.#shown = '';
    this.#endLine();
  }

  #aside(line: string): void {
    this.#endLine();
    this.#terminal.note(this.#terminal.dim(cutTo(line.trimEnd(), columns())));
  }

  #line(line: string): void {
    this.#endLine();
    this.#write(`${line}\n`);
  }

  #write(text: string): void {
    if (text === '') return;
    this.#terminal.out(process.stdout.isTTY === true ? harmless(text) : text);
    this.#atLineStart = text.endsWith('\n');
  }

  #endLine(): void {
    if (!this.#atLineStart) this.#terminal.out('\n');
    this.#atLineStart = true;
  }

  /** To be called when no more comes, whyever. */
  close(): void {
    this.#endLine();
  }
}

/** Columns of the terminal beside the result; as many as one likes elsewhere. */
function columns(): number {
  return process.stderr.isTTY === true ? process.stderr.columns : Number.POSITIVE_INFINITY;
}
