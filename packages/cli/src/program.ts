/** The tree of commands: names, options and help. What a command does is loaded when it is called. */
import { Command, CommanderError } from 'commander';
import { createContext } from './context.ts';
import { describe } from './failure.ts';
import { addAgentCommands } from './program/agents.ts';
import { type Doing, example } from './program/doing.ts';
import { addServerCommands } from './program/server.ts';
import { addSessionCommands } from './program/sessions.ts';
import { readVersion } from './version.ts';

/**
 * Runs one command.
 *
 * @param args what follows `ash`
 * @returns the exit code: 0 success, 1 any failure
 */
export async function run(args: readonly string[]): Promise<number> {
  const context = createContext();
  let code = 0;
  const doing: Doing =
    (work, prefix) =>
    async (...given) => {
      try {
        code = (await work(context, ...given)) ?? 0;
      } catch (error) {
        context.terminal.note(describe(error, context.serverUrl(), prefix));
        code = 1;
      }
    };

  const program = new Command('ash')
    .description('Run Claude agents as an API, on your own machines.')
    .version(readVersion())
    .configureHelp({ showGlobalOptions: true })
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', example('ash start', 'ash deploy ./my-agent', 'ash chat my-agent'));
  addServerCommands(program, doing);
  addAgentCommands(program, doing);
  addSessionCommands(program, doing);

  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode;
  }
  return code;
}
