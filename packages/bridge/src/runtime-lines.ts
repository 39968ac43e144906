/**
 * What the runtime writes, made fit for the Agent SDK: lines bounded in length and depth, each one an object with a `type`.
 * The SDK itself would keep a line without an end until the memory is used up, and reads on however much is waiting.
 */
import { Transform, type TransformCallback } from 'node:stream';
import { LineSplitter, LineTooLong, type SdkMessage } from '@ash-ai/shared';
import { maxPayloadBytes } from '@ash-ai/shared/bridge-wire';

/** Deepest nesting: the parser goes down any depth, and what walks over its result does so by recursion. */
const maxDepth = 1_000;

export interface RuntimeLinesOptions {
  /** Resolves when more can be taken; undefined when that is now. */
  room: () => Promise<unknown> | undefined;
  /** The runtime has written what can't be read over; nothing comes after that. */
  broken: (reason: string) => void;
  /** Something for the log. */
  note: (text: string) => void;
  /** Takes a `stream_event` as it was written; an empty one stands in its place among the messages, to keep the order. */
  preview?: (event: WrittenEvent) => void;
  /** Longest line, in bytes of UTF-8. Default: what a frame has room for. */
  maxBytes?: number;
}

/** A message that is passed on as it was written. */
export interface WrittenEvent {
  message: SdkMessage;
  text: string;
}

/** The SDK does nothing with a `stream_event` but hand it on: it need not parse it, nor we write it anew. */
const placeholder = '{"type":"stream_event"}\n';

export class RuntimeLines extends Transform {
  readonly #options: RuntimeLinesOptions;
  readonly #maxBytes: number;
  readonly #splitter: LineSplitter;
  #left = 0;
  #over = false;
  /** Lines of the chunk in hand. */
  #out = '';

  constructor(options: RuntimeLinesOptions) {
    super();
    this.#options = options;
    this.#maxBytes = options.maxBytes ?? maxPayloadBytes;
    this.#splitter = new LineSplitter(this.#maxBytes);
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#take(chunk).then(() => done(), done);
  }

  /** A last line without an end is not passed on: it was cut off. */
  override _flush(done: TransformCallback): void {
    done();
  }

  async #take(chunk: Buffer): Promise<void> {
    if (this.#over) return;
    try {
      for (const line of this.#splitter.push(chunk)) this.#line(line);
    } catch (cause) {
      if (!(cause instanceof LineTooLong)) throw cause;
      this.#break(`it wrote a line of more than ${this.#maxBytes} bytes`);
    }
    this.#passOn();
    if (!this.#over) await this.#options.room();
  }

  #line(line: string): void {
    if (this.#over || line.trim() === '') return;
    // Bytes that are no UTF-8 have become longer in reading.
    if (line.length * 3 > this.#maxBytes && Buffer.byteLength(line) > this.#maxBytes) {
      throw new LineTooLong('longer once it is read');
    }
    if (depthOf(line) > maxDepth) {
      this.#break(`it wrote something nested more than ${maxDepth} deep`);
      return;
    }
    const message = messageIn(line);
    if (message === undefined) {
      this.#leaveOut();
      return;
    }
    const { preview } = this.#options;
    const text = inOneLine(line);
    if (message.type === 'stream_event' && preview !== undefined) {
      preview({ message, text });
      this.#out += placeholder;
    } else this.#out += `${text}\n`;
  }

  #passOn(): void {
    const text = this.#out;
    this.#out = '';
    if (text !== '') this.push(text);
  }

  #leaveOut(): void {
    this.#left += 1;
    // At 1, 10, 100 …, so that a flood of them is none of the log.
    if (!/^10*$/.test(String(this.#left))) return;
    this.#options.note(`Ash: what the agent runtime wrote is no message and was left out (${this.#left} so far)`);
  }

  #break(reason: string): void {
    this.#over = true;
    this.#passOn();
    this.push(null);
    this.#options.broken(reason);
  }
}

function messageIn(line: string): SdkMessage | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const is = typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
    return is ? (value as SdkMessage) : undefined;
  } catch {
    return undefined;
  }
}

/** The SDK's reader takes these for ends of lines as well; in JSON they stand in texts, or between its parts. */
function inOneLine(json: string): string {
  if (!/[\r\u2028\u2029]/.test(json)) return json;
  return json.replaceAll('\r', ' ').replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** How deep objects and arrays are nested, without parsing: that would be the danger. */
function depthOf(line: string): number {
  // Most lines are too short to be deep.
  if (line.length <= maxDepth) return 0;
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < line.length; at += 1) {
    switch (line.charCodeAt(at)) {
      case 0x22: // "
        at = endOfString(line, at);
        break;
      case 0x7b: // {
      case 0x5b: // [
        depth += 1;
        if (depth > deepest) deepest = depth;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth -= 1;
        break;
      default:
    }
  }
  return deepest;
}

function endOfString(line: string, start: number): number {
  for (let end = line.indexOf('"', start + 1); end !== -1; end = line.indexOf('"', end + 1)) {
    let slashes = 0;
    while (line.charCodeAt(end - 1 - slashes) === 0x5c) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return line.length;
}
