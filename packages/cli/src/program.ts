/** The tree of commands: names, options and help. What a command does is loaded when it is called. */
import { Command, CommanderError } from 'commander';
import { createContext } from './context.ts';
import { bodyOf, describe } from './failure.ts';
import { addAccountCommands } from './program/account.ts';
import { addAgentCommands } from './program/agents.ts';
import { addBackupCommands } from './program/backup.ts';
import { addChatCommands } from './program/chat.ts';
import { type Doing, example } from './program/doing.ts';
import { addMachineCommands } from './program/machine.ts';
import { addServerCommands } from './program/server.ts';
import { addSessionCommands } from './program/sessions.ts';
import { addTargetCommands } from './program/target.ts';
import { addWebhookCommands } from './program/webhook.ts';
import type { OutputFlags } from './terminal.ts';
import { readVersion } from './version.ts';

/**
 * Runs one command.
 *
 * @param args what follows `ash`
 * @returns the exit code: 0 success, 1 any failure, else what the command says
 */
export async function run(args: readonly string[]): Promise<number> {
  if (args[0] === '__complete') return answer(args.slice(1));
  let code = 0;
  const program = createProgram((ended) => {
    code = ended;
  });
  try {
    await program.parseAsync(asHelp(args), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode;
  }
  return code;
}

const itself = 'This command itself:';

/** The tree. @param onEnd told the exit code of the command that ran */
export function createProgram(onEnd: (code: number) => void): Command {
  const doing: Doing =
    (work, prefix) =>
    async (...given) => {
      // Commander hands over the arguments, the command's options and the command; options of the program are in it too.
      const command = given.at(-1);
      const flags: OutputFlags = command instanceof Command ? command.optsWithGlobals() : {};
      if (command instanceof Command) given[given.length - 2] = flags;
      const context = createContext(flags);
      try {
        onEnd((await work(context, ...given)) ?? 0);
      } catch (error) {
        const url = askedUrl(context.serverUrl);
        const told = flags.json ? JSON.stringify(bodyOf(error, url)) : describe(error, url, prefix);
        context.terminal.fail(told);
        onEnd(1);
      }
    };

  const program = new Command('ash')
    .description('Run Claude agents as an API, on your own machines.')
    .version(readVersion(), '-V, --version', 'print the version')
    .option('--json', "print JSON: the API's own objects, and failures on stderr")
    .option('--table', 'print tables also when the output is no terminal')
    .option('-q, --quiet', 'print only ids or names, and failures')
    .option('--no-color', 'print without colours, as NO_COLOR does')
    .helpOption('-h, --help', 'show this help')
    .addHelpCommand(
      new Command('help').argument('[command]').description('show the help of a command').helpGroup(itself),
    )
    .configureHelp({ showGlobalOptions: true, subcommandTerm: termOf })
    .showSuggestionAfterError()
    .showHelpAfterError('(--help shows how it is used)')
    .exitOverride()
    .addHelpText('after', example('ash start', 'ash deploy ./my-agent', 'ash chat my-agent', 'ash session --help'));
  program.commandsGroup('Agents and sessions:');
  addAgentCommands(program, doing);
  addSessionCommands(program, doing);
  addChatCommands(program, doing);
  program.commandsGroup('Queue, webhooks, usage and keys:');
  addAccountCommands(program, doing);
  addWebhookCommands(program, doing);
  program.commandsGroup('Server on this machine:');
  addServerCommands(program, doing);
  addBackupCommands(program, doing);
  program.commandsGroup('Which server commands talk to:');
  addTargetCommands(program, doing);
  program.commandsGroup(itself);
  addMachineCommands(program, doing);
  return program;
}

/** A command in a list: that it has options is no news. */
function termOf(command: Command): string {
  return `${command.name()} ${command.usage().replace(/\[(options|command)\] ?/g, '')}`.trim();
}

/** `help session send` is `session send --help`; Commander's own `help` knows one level. */
function asHelp(args: readonly string[]): readonly string[] {
  return args[0] === 'help' && args.length > 1 ? [...args.slice(1), '--help'] : args;
}

/** What the scripts of `ash completion` ask at each Tab. */
async function answer(words: readonly string[]): Promise<number> {
  const { answerCompletion } = await import('./completion/answer.ts');
  return answerCompletion(
    createProgram(() => undefined),
    words,
  );
}

/** The server, for a sentence about a failure; settings that can't be read are that failure then. */
function askedUrl(serverUrl: () => string): string {
  try {
    return serverUrl();
  } catch {
    return 'the server';
  }
}
