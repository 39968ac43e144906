/** The commands with which agents are made and tried: init, dev, chat. */
import { type Command, Option } from 'commander';
import { templates } from '../init/templates.ts';
import { type Doing, example, several } from './doing.ts';

export function addChatCommands(program: Command, doing: Doing): void {
  program
    .command('init')
    .description('make an agent folder from a template')
    .argument('[dir]', 'the folder; asked for on a terminal')
    .addOption(
      new Option('-t, --template <name>', 'what to begin with (default: "minimal")').choices(Object.keys(templates)),
    )
    .option('-n, --name <name>', "name of the agent (default: the folder's name)")
    .option('-y, --yes', 'ask nothing')
    .option('--force', 'also into a folder with something in it; files of the same name are written over')
    .addHelpText(
      'after',
      `\nTemplates:\n${templateLines()}\n${example('ash init', 'ash init my-agent --yes', 'ash init shop --template mcp')}`,
    )
    .action(doing(async (context, dir, options) => (await import('../init/init.ts')).init(context, dir, options)));

  program
    .command('dev')
    .description('try an agent folder: a server, a deployment at every change, and a chat, in one terminal')
    .argument('[dir]', 'the agent folder (default: this one)')
    .option('-n, --name <name>', "name of the agent (default: the folder's name)")
    .option('--port <n>', 'port of the server (default: a free one)')
    .option('--no-chat', 'no chat: a server that deploys at every change, until Ctrl-C')
    .option('--isolation <how>', 'how sandboxes are walled in; "process" is no wall')
    .addOption(permissionMode('whether sessions ask before they use tools: "default" asks'))
    .addHelpText('after', example('ash dev', 'ash dev ./my-agent', 'ash dev --no-chat --port 4100'))
    .action(doing(async (context, dir, options) => (await import('../dev/dev.ts')).dev(context, dir, options)));

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
    .addOption(permissionMode('whether a new session asks before it uses tools: "default" asks'))
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

function permissionMode(means: string): Option {
  return new Option('--permission-mode <mode>', means).choices(['bypassPermissions', 'permissionsByAgent', 'default']);
}

function templateLines(): string {
  return Object.entries(templates)
    .map(([name, { shows }]) => `  ${name.padEnd(9)} ${shows}`)
    .join('\n');
}
