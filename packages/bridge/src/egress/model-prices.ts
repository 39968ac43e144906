/** What model calls cost by list price. Pure. */
import type { ModelTokens } from '@ash-ai/shared/egress';

/** US dollars per million tokens. */
export interface ModelPrice {
  input: number;
  output: number;
}

/** By the beginning of the model's name after `claude-`; the first that fits counts. A model that isn't named costs the most. */
const prices: readonly (readonly [RegExp, ModelPrice])[] = [
  [/haiku-4/, { input: 1, output: 5 }],
  [/3-5-haiku|haiku-3-5/, { input: 0.8, output: 4 }],
  [/haiku/, { input: 0.25, output: 1.25 }],
  [/sonnet/, { input: 3, output: 15 }],
  [/opus-4-[5-9]|opus-[5-9]/, { input: 5, output: 25 }],
];
const dearest: ModelPrice = { input: 15, output: 75 };

/** Writing to the prompt cache costs a quarter more than input, reading from it a tenth of it. */
const cacheWriteFactor = 1.25;
const cacheReadFactor = 0.1;

/** The price of tokens of a model, in US dollars. */
export function costOf(model: string, tokens: ModelTokens): number {
  const price = prices.find(([name]) => name.test(model))?.[1] ?? dearest;
  const input = tokens.input + tokens.cacheWrite * cacheWriteFactor + tokens.cacheRead * cacheReadFactor;
  return (input * price.input + tokens.output * price.output) / 1_000_000;
}
