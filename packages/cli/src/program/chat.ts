/** The command that talks to an agent. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addChatCommands(program: Command, doing: Doing): void {
  program
    .command('chat')
    .description('talk to an agent: one message, or a conversation in the terminal')
    .argument('<agent>', 'name of the agent')
    .argument('[message]', 'the message; "-" reads it from stdin; without it the chat is interactive')
    .option('-s, --session-id <id>', 'go on with a session')
    .option('--end', 'end the session afterwards')
    .addHelpText('after', example('ash chat my-agent', 'ash chat my-agent "What can you do?" --end'))
    .action(
      doing(async (context, agent, message, options) =>
        (await import('../commands/chat.ts')).chat(context, agent, message, options),
      ),
    );
}
