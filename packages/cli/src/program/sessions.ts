/** Commands about sessions: their life, and what is said in them. */
import type { Command } from 'commander';
import { type Doing, example, several } from './doing.ts';
import { addHistoryCommands } from './session-history.ts';
import { addWorkspaceCommands } from './session-workspace.ts';

const changes = [
  ['pause', 'Session paused', 'pause an active session'],
  ['resume', 'Session resumed', 'make a paused or stopped session active again'],
  ['stop', 'Session stopped', 'stop a session and cut its running turn; it can be resumed'],
  ['end', 'Session ended', 'end a session for good; its log can still be read'],
] as const;

export function addSessionCommands(program: Command, doing: Doing): void {
  const session = program.command('session').description('open sessions, talk to them, look into them');
  session.addHelpText('after', example('ash session create my-agent', 'ash session send <id> "Hello!"'));
  session.commandsGroup('Life of a session:');
  addLifeCommands(session, doing);
  session.commandsGroup('Turns:');
  addTurnCommands(session, doing);
  session.commandsGroup('What happened:');
  addHistoryCommands(session, doing);
  session.commandsGroup('Its sandbox:');
  addWorkspaceCommands(session, doing);
}

function addLifeCommands(session: Command, doing: Doing): void {
  const load = () => import('../commands/session.ts');
  const id = ['<id>', 'id of the session'] as const;
  const withJson = ['--with <json>', 'other fields of the API, as a JSON object or @file'] as const;

  session
    .command('create')
    .description('open a session with an agent')
    .argument('<agent>', 'name of the agent')
    .option('--model <model>', 'model of this session')
    .option('-e, --env <NAME=value>', 'variable of its sandbox; repeatable', several)
    .option('--env-file <path>', 'file of such variables; repeatable; -e counts before them', several)
    .option('--credential <id>', "stored credential, in place of the server's key")
    .option('--permission-mode <mode>', 'bypassPermissions (default), permissionsByAgent or default')
    .option('--system-prompt <text>', "in place of the agent's CLAUDE.md; @file reads it")
    .option('--max-spend-usd <amount>', 'refuse model calls once the session has cost so much')
    .option(...withJson)
    .addHelpText(
      'after',
      example(
        'ash session create my-agent',
        'id=$(ash session create my-agent --quiet)',
        'ash session create my-agent --permission-mode default --max-spend-usd 2',
        `ash session create my-agent --with '{"egress":{"allow":["api.github.com"]}}'`,
      ),
    )
    .action(doing(async (context, agent, options) => (await load()).createSession(context, agent, options)));

  session
    .command('list')
    .description('list sessions, newest first')
    .option('--agent <name>', 'only those of an agent')
    .option('--status <status>', 'only those with a status: active, paused, stopped, ended, …')
    .option('--limit <n>', 'at most so many')
    .option('--offset <n>', 'leave out so many first')
    .addHelpText('after', example('ash session list --status active', 'ash session list --json | jq -r ".[].id"'))
    .action(doing(async (context, options) => (await load()).listSessions(context, options)));

  session
    .command('get')
    .description('show a session')
    .argument(...id)
    .addHelpText('after', example('ash session get <id>', 'ash session get <id> --json | jq .enforced'))
    .action(doing(async (context, sessionId) => (await load()).getSession(context, sessionId)));

  for (const [verb, told, description] of changes) {
    session
      .command(verb)
      .description(description)
      .argument(...id)
      .addHelpText('after', example(`ash session ${verb} <id>`))
      .action(doing(async (context, sessionId) => (await load()).changeSession(context, verb, told, sessionId)));
  }

  session
    .command('fork')
    .description('make a new session that goes on from this one')
    .argument(...id)
    .option('--at <sequence>', 'take over the conversation up to this entry (default: all of it)')
    .option('--resume', 'resume the new session at once')
    .addHelpText('after', example('ash session fork <id> --resume', 'ash session fork <id> --at 12'))
    .action(doing(async (context, sessionId, options) => (await load()).fork(context, sessionId, options)));

  session
    .command('config')
    .description('show the configuration of a session, or change it from its next turn on')
    .argument(...id)
    .option('--model <model>', 'model')
    .option('--allow-tool <name>', 'tool that it may use; repeatable; takes the place of the list before', several)
    .option('--disallow-tool <name>', 'tool that it may not use; repeatable; as above', several)
    .option('--initial-agent <name>', 'subagent that answers')
    .option('--unset <field>', 'take a field back: model, allowedTools, …; repeatable', several)
    .option(...withJson)
    .addHelpText(
      'after',
      example(
        'ash session config <id>',
        'ash session config <id> --model claude-sonnet-4-5',
        'ash session config <id> --disallow-tool Bash --unset model',
      ),
    )
    .action(doing(async (context, sessionId, options) => (await load()).configure(context, sessionId, options)));
}

function addTurnCommands(session: Command, doing: Doing): void {
  const id = ['<id>', 'id of the session'] as const;

  session
    .command('send')
    .description('send a message and stream the answer; Ctrl-C leaves, and the turn goes on')
    .argument(...id)
    .argument('<message>', 'the message; "-" reads it from stdin')
    .option('-f, --file <path>', 'file to go with it; repeatable', several)
    .option('--model <model>', 'model of this turn')
    .option('--max-turns <n>', 'at most so many rounds with the model')
    .option('--max-budget-usd <amount>', 'end the turn when it has cost so much')
    .option('--effort <effort>', 'low, medium, high or max')
    .option('--when-busy <what>', 'when a turn is running: queue (default), reject or interrupt')
    .option('--with <json>', 'other fields of the API, as a JSON object or @file')
    .option('-d, --detach', 'do not wait for the answer')
    .option('--raw', 'print every event, cut at 200 characters')
    .addHelpText(
      'after',
      example(
        'ash session send <id> "Hello!"',
        'git diff | ash session send <id> -',
        'ash session send <id> "What is on it?" --file photo.png --effort low',
        'ash session send <id> "Go" --json | jq -c .type',
      ),
    )
    .action(
      doing(async (context, sessionId, message, options) =>
        (await import('../commands/session-send.ts')).sendMessage(context, sessionId, message, options),
      ),
    );

  session
    .command('follow')
    .description('show what happened and what happens, until Ctrl-C; waits for a server that restarts')
    .argument(...id)
    .option('--from <where>', '"start" (default), "now", or the sequence to begin after')
    .option('--after <cursor>', 'the same as --from')
    .option('--turn <id>', 'only this turn, up to its end')
    .option('--partial', 'token deltas too (people see them anyway)')
    .option('--raw', 'print every event, cut at 200 characters')
    .addHelpText(
      'after',
      example(
        'ash session follow <id>',
        'ash session follow <id> --from now',
        'ash session follow <id> --json | jq .type',
      ),
    )
    .action(
      doing(async (context, sessionId, options) =>
        (await import('../commands/session-send.ts')).followSession(context, sessionId, options),
      ),
    );

  session
    .command('interrupt')
    .description('interrupt the running turn; the session stays active')
    .argument(...id)
    .addHelpText('after', example('ash session interrupt <id>'))
    .action(
      doing(async (context, sessionId) => (await import('../commands/session.ts')).interrupt(context, sessionId)),
    );

  session
    .command('approvals')
    .description('list what the agent has asked leave for')
    .argument(...id)
    .option('--status <status>', 'only those with a status: pending, allowed, denied, expired')
    .addHelpText('after', example('ash session approvals <id> --status pending'))
    .action(
      doing(async (context, sessionId, options) =>
        (await import('../commands/session-approvals.ts')).listApprovals(context, sessionId, options),
      ),
    );

  session
    .command('approve')
    .description('answer what the agent has asked leave for; it goes on')
    .argument(...id)
    .argument('[approval]', 'id of the approval (default: the only one that waits)')
    .option('--deny', 'refuse')
    .option('--message <text>', 'what the agent is told, with --deny')
    .option('--input <json>', "what the tool is called with, in place of the agent's input")
    .option('--answer <question=label>', 'answer to a question of AskUserQuestion; repeatable', several)
    .addHelpText(
      'after',
      example(
        'ash session approve <id>',
        'ash session approve <id> <approval> --deny --message "Not on Fridays."',
        'ash session approve <id> --answer "Which colour?=Blue"',
      ),
    )
    .action(
      doing(async (context, sessionId, approval, options) =>
        (await import('../commands/session-approvals.ts')).approve(context, sessionId, approval, options),
      ),
    );
}
