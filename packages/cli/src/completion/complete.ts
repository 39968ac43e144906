/** What may come next on a command line: asked by the shell at each Tab, so that it is never out of date. */
import type { Command, Option } from 'commander';
import type { Context } from '../context.ts';

export interface Candidate {
  value: string;
  description: string;
}

/** The server is asked for names only as long as somebody who presses Tab waits, in ms. */
const patienceMs = 1500;
/** More than these help nobody. */
const most = 50;

/** @param words what follows `ash`, the last one as far as it is typed */
export async function complete(root: Command, words: readonly string[], context: Context): Promise<Candidate[]> {
  const typed = words.at(-1) ?? '';
  const { command, given } = commandOf(root, words.slice(0, -1));
  const before = words.at(-2) ?? '';
  const pending = optionsOf(command).find((option) => isNamed(option, before));
  if (pending !== undefined && (pending.required || pending.optional)) return named(pending.long ?? '', typed, context);
  if (typed.startsWith('-')) return begin(optionsOf(command).map(asCandidate), typed);
  const below = command.commands.filter((one) => one.name() !== 'help');
  const commands = begin(
    below.map((one) => ({ value: one.name(), description: one.description() })),
    typed,
  );
  if (given > 0 || command.registeredArguments.length === 0)
    return given > 0 ? argument(command, given, typed, context) : commands;
  return [...commands, ...(await argument(command, 0, typed, context))];
}

/** The command that the words lead to, and how many of its arguments they give. */
function commandOf(root: Command, words: readonly string[]): { command: Command; given: number } {
  let command = root;
  let given = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const option = optionsOf(command).find((one) => isNamed(one, word));
    if (option?.required) at++;
    if (word.startsWith('-')) continue;
    const below = given === 0 ? command.commands.find((one) => one.name() === word) : undefined;
    if (below === undefined) given++;
    else command = below;
  }
  return { command, given };
}

function optionsOf(command: Command): Option[] {
  if (command.parent === null) return [...command.options];
  const above = optionsOf(command.parent).filter(({ long }) => long !== '--version');
  return [...command.options, ...above];
}

function isNamed(option: Option, word: string): boolean {
  return word !== '' && (option.long === word || option.short === word);
}

function asCandidate(option: Option): Candidate {
  return { value: option.long ?? option.short ?? '', description: option.description };
}

function argument(command: Command, at: number, typed: string, context: Context): Promise<Candidate[]> {
  const name = command.registeredArguments[at]?.name() ?? '';
  const ofSession = pathOf(command).includes('session');
  return named(name === 'id' && ofSession ? 'session' : name, typed, context);
}

/** Names that only the server knows. */
async function named(what: string, typed: string, context: Context): Promise<Candidate[]> {
  const signal = AbortSignal.timeout(patienceMs);
  try {
    const client = await context.client(undefined, { maxRetries: 0 });
    if (what === 'agent' || what === 'name' || what === '--agent') {
      const agents = await client.listAgents({ signal });
      return begin(
        agents.map((agent) => ({ value: agent.name, description: `v${agent.version}` })),
        typed,
      );
    }
    if (what === 'session' || what === '--session-id') {
      const sessions = await client.listSessions({ limit: most }, { signal });
      return begin(
        sessions.map((one) => ({ value: one.id, description: `${one.agentName}, ${one.status}` })),
        typed,
      );
    }
  } catch {
    // No server, no names: a Tab is no place for an error.
  }
  return [];
}

function begin(candidates: readonly Candidate[], typed: string): Candidate[] {
  return candidates.filter(({ value }) => value.startsWith(typed)).slice(0, most * 2);
}

function pathOf(command: Command): string[] {
  return command.parent === null ? [command.name()] : [...pathOf(command.parent), command.name()];
}
