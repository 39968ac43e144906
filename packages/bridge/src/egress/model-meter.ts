/** Reads the tokens of a model call from its answer as it streams past: server-sent events, or one JSON message. */
import type { ModelTokens } from '@ash-ai/shared/egress';

/** Longest line that may hold usage, and the largest JSON answer that is looked into, in characters. */
const maxLine = 256 * 1024;
const maxJson = 8 * 1024 * 1024;

/** What an answer says of itself. */
export interface Metered {
  model: string | null;
  tokens: ModelTokens;
}

/** Is shown every byte of one answer. */
export class ModelMeter {
  readonly #kind: 'stream' | 'json' | 'other';
  readonly #sentBytes: number;
  #rest = '';
  #skipping = false;
  #json: Buffer[] | undefined = [];
  #bytes = 0;
  #deltas = 0;
  #model: string | null = null;
  #usage: Partial<ModelTokens> | undefined;

  /** @param sentBytes size of the request, for an answer that does not say what was used */
  constructor(contentType: string | undefined, sentBytes: number) {
    const type = contentType?.split(';')[0]?.trim().toLowerCase();
    this.#kind = type === 'text/event-stream' ? 'stream' : type === 'application/json' ? 'json' : 'other';
    this.#sentBytes = sentBytes;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#kind === 'stream') this.#lines(chunk.toString('latin1'));
    else if (this.#kind === 'json') {
      if (this.#bytes <= maxJson) this.#json?.push(chunk);
      else this.#json = undefined;
    }
  }

  /** What was used, once the answer is over or broken off. An answer that does not say is reckoned by its size. */
  end(): Metered {
    if (this.#kind === 'json' && this.#json !== undefined) this.#message(parse(Buffer.concat(this.#json).toString()));
    const usage = this.#usage ?? { input: Math.ceil(this.#sentBytes / 4), output: Math.ceil(this.#bytes / 4) };
    const { input = 0, output = 0, cacheWrite = 0, cacheRead = 0 } = usage;
    // A stream that was broken off has not come to its sum; every delta is at least one token.
    return { model: this.#model, tokens: { input, cacheWrite, cacheRead, output: Math.max(output, this.#deltas) } };
  }

  #lines(text: string): void {
    let from = 0;
    for (let to = text.indexOf('\n'); to !== -1; to = text.indexOf('\n', from)) {
      if (!this.#skipping) this.#line(this.#rest + text.slice(from, to));
      this.#rest = '';
      this.#skipping = false;
      from = to + 1;
    }
    if (this.#skipping) return;
    this.#rest += text.slice(from);
    if (this.#rest.length <= maxLine) return;
    this.#rest = '';
    this.#skipping = true;
  }

  #line(line: string): void {
    if (!line.startsWith('data:')) return;
    if (line.includes('"content_block_delta"')) this.#deltas += 1;
    else if (line.includes('"usage"')) {
      const event = parse(line.slice(5));
      this.#message(event?.message ?? event);
    }
  }

  #message(message: unknown): void {
    if (!isObject(message) || !isObject(message.usage)) return;
    const { usage } = message;
    if (typeof message.model === 'string') this.#model = message.model.slice(0, 200);
    // Sums so far: what a later event leaves out stays as it was.
    this.#usage = {
      ...this.#usage,
      ...amount('input', usage.input_tokens),
      ...amount('output', usage.output_tokens),
      ...amount('cacheWrite', usage.cache_creation_input_tokens),
      ...amount('cacheRead', usage.cache_read_input_tokens),
    };
  }
}

function amount(name: keyof ModelTokens, value: unknown): Partial<ModelTokens> {
  return typeof value === 'number' && value >= 0 && Number.isFinite(value) ? { [name]: value } : {};
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
