/** The commands with which agents are tried: chat. */
import { type Command, Option } from 'commander';
import { type Doing, example, several } from './doing.ts';

export function addChatCommands(program: Command, doing: Doing): void {
  program
    .command('chat')
    .description('talk to an agent: one message, or a conversation in the terminal')
    .argument('[agent]', 'name of the agent; not needed with --session-id, or where there is only one')
    .argument('[message]', 'the message; "-" reads it from stdin; without it the chat is interactive')
    .option('-s, --session-id <id>', 'go on with a session')
    .option('--last', "go on with the agent's newest session, if there is one")
    .option('--end', 'end the session afterwards')
    .option('-f, --file <path>', 'send a file with the message; repeatable', several)
    .option('--model <model>', 'model of a new session')
    .addOption(
      new Option('--permission-mode <mode>', 'whether a new session asks before it uses tools: "default" asks').choices(
        ['bypassPermissions', 'permissionsByAgent', 'default'],
      ),
    )
    .addHelpText(
      'after',
      example(
        'ash chat my-agent',
        'ash chat my-agent "What can you do?" --end',
        'ash chat my-agent --last',
        'ash chat my-agent --permission-mode default',
        'ash chat my-agent "What is in it?" --file report.pdf',
      ),
    )
    .action(
      doing(async (context, agent, message, options) =>
        (await import('../chat/open.ts')).chat(context, agent, message, options),
      ),
    );
}
