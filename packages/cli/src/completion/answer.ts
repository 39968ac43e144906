/** `ash __complete <shell> <words>`: what the scripts of `ash completion` ask. It fails silently: it runs at each Tab. */
import type { Command } from 'commander';
import { createContext } from '../context.ts';
import { complete } from './complete.ts';
import { lineFor, shells } from './scripts.ts';

export async function answerCompletion(program: Command, [given, ...words]: readonly string[]): Promise<number> {
  const shell = shells.find((one) => one === given);
  if (shell === undefined) return 1;
  const context = createContext({ quiet: true });
  const candidates = await complete(program, words.length === 0 ? [''] : words, context);
  for (const candidate of candidates) context.terminal.out(`${lineFor(shell, candidate)}\n`);
  return 0;
}
