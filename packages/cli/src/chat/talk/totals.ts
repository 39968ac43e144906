/** What the status line tells: the model, and what the session has used as far as this chat has seen. */
import { tokens } from './tool-words.ts';

type Data = Record<string, unknown>;

export class Totals {
  model: string | undefined;
  /** Tokens of the newest turn. */
  #input = 0;
  #output = 0;
  /** As the agent runtime reckons it, for the session so far. */
  costUsd: number | undefined;

  /** Takes note of a message of the agent runtime. */
  take(message: Data): void {
    if (message.type === 'system' && message.subtype === 'init' && typeof message.model === 'string')
      this.model = message.model;
    if (message.type !== 'result') return;
    const usage = (message.usage ?? {}) as Data;
    const count = (name: string) => (typeof usage[name] === 'number' ? usage[name] : 0);
    this.#input = count('input_tokens') + count('cache_read_input_tokens') + count('cache_creation_input_tokens');
    this.#output = count('output_tokens');
    if (typeof message.total_cost_usd === 'number') this.costUsd = message.total_cost_usd;
  }

  /** Parts for the status line. */
  words(): string[] {
    const words: string[] = [];
    if (this.model !== undefined) words.push(this.model);
    if (this.#input + this.#output > 0) words.push(`${tokens(this.#input)} in, ${tokens(this.#output)} out`);
    if (this.costUsd !== undefined && this.costUsd > 0) words.push(dollars(this.costUsd));
    return words;
  }
}

/** An amount of dollars. */
export function dollars(usd: number): string {
  return `$${usd < 0.1 ? usd.toFixed(4) : usd.toFixed(2)}`;
}
