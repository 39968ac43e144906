/** Commands about sessions, and the chat. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

const changes = [
  ['pause', 'Session paused', 'pause an active session'],
  ['resume', 'Session resumed', 'make a paused or stopped session active again'],
  ['stop', 'Session stopped', 'stop a session and cut its running turn; it can be resumed'],
  ['end', 'Session ended', 'end a session for good'],
] as const;

export function addSessionCommands(program: Command, doing: Doing): void {
  const session = program.command('session').description('open sessions and talk to them');
  const id = ['<id>', 'id of the session'] as const;
  const load = () => import('../commands/session.ts');

  session
    .command('create')
    .description('open a session with an agent')
    .argument('<agent>', 'name of the agent')
    .option('--model <model>', 'model of this session')
    .option('--json', 'print only JSON')
    .addHelpText('after', example('ash session create my-agent', 'ash session create my-agent --json | jq -r .id'))
    .action(doing(async (context, agent, options) => (await load()).createSession(context, agent, options)));

  session
    .command('send')
    .description('send a message and stream the answer')
    .argument(...id)
    .argument('<message>', 'the message; "-" reads it from stdin')
    .option('--model <model>', 'model of this turn')
    .option('--raw', 'print every event, cut at 200 characters')
    .option('--json', 'print every event as a line of JSON')
    .addHelpText('after', example('ash session send <id> "Hello!"', 'git diff | ash session send <id> -'))
    .action(
      doing(async (context, sessionId, message, options) =>
        (await import('../commands/session-send.ts')).sendMessage(context, sessionId, message, options),
      ),
    );

  session
    .command('list')
    .description('list sessions, newest first, as JSON')
    .option('--agent <name>', 'only those of an agent')
    .option('--status <status>', 'only those with a status')
    .option('--limit <n>', 'at most so many')
    .action(doing(async (context, options) => (await load()).listSessions(context, options)));

  session
    .command('get')
    .description('show a session as JSON')
    .argument(...id)
    .action(
      doing(async (context, sessionId: string) =>
        context.terminal.json(await (await context.client()).getSession(sessionId)),
      ),
    );

  for (const [verb, told, description] of changes) {
    session
      .command(verb)
      .description(description)
      .argument(...id)
      .option('--json', 'print only JSON')
      .action(
        doing(async (context, sessionId, options) =>
          (await load()).changeSession(context, verb, told, sessionId, options),
        ),
      );
  }

  session
    .command('interrupt')
    .description('interrupt the running turn; the session stays active')
    .argument(...id)
    .option('--json', 'print JSON')
    .action(doing(async (context, sessionId, options) => (await load()).interrupt(context, sessionId, options)));

  session
    .command('messages')
    .description('list what was said, oldest first, as JSON')
    .argument(...id)
    .option('--limit <n>', 'at most so many')
    .option('--after <sequence>', 'begin after this one')
    .action(doing(async (context, sessionId, options) => (await load()).listMessages(context, sessionId, options)));

  session
    .command('events')
    .description('list what happened, oldest first, as JSON')
    .argument(...id)
    .option('--limit <n>', 'at most so many')
    .option('--after <sequence>', 'begin after this one')
    .option('-t, --type <type>', 'only those of a type')
    .action(doing(async (context, sessionId, options) => (await load()).listEvents(context, sessionId, options)));

  session
    .command('follow')
    .description('show what happened and what happens, until Ctrl-C')
    .argument(...id)
    .option('--after <cursor>', 'begin after this cursor (default: the beginning)')
    .option('--turn <id>', 'only this turn, up to its end')
    .option('--partial', 'token deltas too')
    .option('--json', 'print every event as a line of JSON')
    .addHelpText('after', example('ash session follow <id>', 'ash session follow <id> --json | jq .type'))
    .action(
      doing(async (context, sessionId, options) =>
        (await import('../commands/session-send.ts')).followSession(context, sessionId, options),
      ),
    );

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
