/** Commands that read what a session kept of what happened. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addHistoryCommands(session: Command, doing: Doing): void {
  const id = ['<id>', 'id of the session'] as const;
  const load = () => import('../commands/session-history.ts');

  session
    .command('messages')
    .description('list what was said, oldest first')
    .argument(...id)
    .option('--limit <n>', 'at most so many (default: 100)')
    .option('--after <sequence>', 'begin after this one')
    .addHelpText('after', example('ash session messages <id>', 'ash session messages <id> --after 40 --json'))
    .action(doing(async (context, sessionId, options) => (await load()).listMessages(context, sessionId, options)));

  session
    .command('events')
    .description('list what happened, oldest first')
    .argument(...id)
    .option('--limit <n>', 'at most so many (default: 200)')
    .option('--after <sequence>', 'begin after this one')
    .option('-t, --type <type>', 'only those of a type: text, tool_start, error, …')
    .addHelpText('after', example('ash session events <id>', 'ash session events <id> --type error'))
    .action(doing(async (context, sessionId, options) => (await load()).listEvents(context, sessionId, options)));

  session
    .command('tail')
    .description('show events as they happen, one line each, until Ctrl-C')
    .argument(...id)
    .option('-t, --type <type>', 'only those of a type')
    .addHelpText('after', example('ash session tail <id>', 'ash session tail <id> --type tool_start'))
    .action(
      doing(async (context, sessionId, options) =>
        (await import('../commands/session-tail.ts')).tail(context, sessionId, options),
      ),
    );

  session
    .command('egress')
    .description('list what the session reached, or tried to: model calls, requests, refusals')
    .argument(...id)
    .option('--limit <n>', 'at most so many (default: 100)')
    .option('--after <sequence>', 'begin after this one')
    .addHelpText(
      'after',
      example('ash session egress <id>', "ash session egress <id> --json | jq '.[] | select(.allowed | not)'"),
    )
    .action(doing(async (context, sessionId, options) => (await load()).listEgress(context, sessionId, options)));

  session
    .command('logs')
    .description('show what the sandbox of an awake session has said')
    .argument(...id)
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('--after <index>', 'begin after this one')
    .addHelpText('after', example('ash session logs <id>', 'ash session logs <id> --follow'))
    .action(doing(async (context, sessionId, options) => (await load()).showLogs(context, sessionId, options)));
}
