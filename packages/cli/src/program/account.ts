/** Commands about what a tenant has besides agents and sessions: queue, usage, credentials, keys. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addAccountCommands(program: Command, doing: Doing): void {
  addQueueCommands(program, doing);
  addUsageCommands(program, doing);
  addCredentialCommands(program, doing);
  addKeyCommands(program, doing);
}

function addQueueCommands(program: Command, doing: Doing): void {
  const load = () => import('../commands/queue.ts');
  const id = ['<id>', 'id of the item'] as const;
  const queue = program
    .command('queue')
    .description('have prompts run by the server itself, with retries')
    .addHelpText('after', example('ash queue add my-agent "Summarise yesterday."', 'ash queue list --status failed'));

  queue
    .command('add')
    .description('queue a prompt')
    .argument('<agent>', 'name of the agent')
    .argument('<prompt>', 'the prompt; "-" reads it from stdin')
    .option('-s, --session-id <id>', 'run it in a session (default: a new one)')
    .option('--priority <n>', 'higher ones go first (default: 0)')
    .option('--max-retries <n>', 'attempts at most (default: 3)')
    .addHelpText('after', example('ash queue add my-agent "Summarise yesterday." --priority 5'))
    .action(doing(async (context, agent, prompt, options) => (await load()).addItem(context, agent, prompt, options)));
  queue
    .command('list')
    .description('list the items, newest first')
    .option('--status <status>', 'only those with a status: pending, processing, completed, failed, cancelled')
    .option('--limit <n>', 'at most so many (default: 50)')
    .addHelpText('after', example('ash queue list', 'ash queue list --status failed --json'))
    .action(doing(async (context, options) => (await load()).listItems(context, options)));
  queue
    .command('get')
    .description('show an item')
    .argument(...id)
    .addHelpText(
      'after',
      example('ash queue get <id>', 'ash session messages $(ash queue get <id> --json | jq -r .sessionId)'),
    )
    .action(doing(async (context, itemId) => (await load()).getItem(context, itemId)));
  queue
    .command('cancel')
    .description('cancel an item that still waits')
    .argument(...id)
    .addHelpText('after', example('ash queue cancel <id>'))
    .action(doing(async (context, itemId) => (await load()).cancelItem(context, itemId)));
  queue
    .command('stats')
    .description('count the items by status')
    .addHelpText('after', example('ash queue stats'))
    .action(doing(async (context) => (await load()).queueStats(context)));
}

function addUsageCommands(program: Command, doing: Doing): void {
  const load = () => import('../commands/usage.ts');
  const filtered = (command: Command) =>
    command
      .option('--agent <name>', 'only of an agent')
      .option('-s, --session-id <id>', 'only of a session')
      .option('--since <when>', 'from then on: 24h, 7d, 2026-01-31, or a date-time')
      .option('--until <when>', 'up to then');
  const usage = filtered(program.command('usage'))
    .description('list what was used: tokens, tool calls, time, cost')
    .option('--limit <n>', 'at most so many (default: 100)')
    .addHelpText('after', example('ash usage stats --since 7d', 'ash usage --since 24h --agent my-agent --json'))
    .action(doing(async (context, options) => (await load()).listUsage(context, options)));
  filtered(usage.command('stats'))
    .description('sum it up')
    .addHelpText('after', example('ash usage stats', 'ash usage stats --since 2026-01-01 --until 2026-02-01'))
    .action(doing(async (context, options) => (await load()).usageStats(context, options)));
}

function addCredentialCommands(program: Command, doing: Doing): void {
  const load = () => import('../commands/credential.ts');
  const credential = program
    .command('credential')
    .description('store secrets for providers, sealed by the server')
    .addHelpText('after', example('ash credential add anthropic --label mine', 'ash credential list'));

  credential
    .command('add')
    .description('store a credential; its key is asked for, or read from stdin')
    .argument('<type>', 'anthropic, openai, custom or bedrock')
    .option('--label <text>', 'what you call it')
    .addHelpText(
      'after',
      example('ash credential add anthropic', 'pass anthropic | ash credential add anthropic --label mine'),
    )
    .action(doing(async (context, type, options) => (await load()).addCredential(context, type, options)));
  credential
    .command('list')
    .description('list the credentials, without their secrets')
    .addHelpText('after', example('ash credential list'))
    .action(doing(async (context) => (await load()).listCredentials(context)));
  credential
    .command('delete')
    .description('delete a credential')
    .argument('<id>', 'id of the credential')
    .addHelpText('after', example('ash credential delete <id>'))
    .action(doing(async (context, id) => (await load()).deleteCredential(context, id)));
}

function addKeyCommands(program: Command, doing: Doing): void {
  const load = () => import('../commands/key.ts');
  const key = program
    .command('key')
    .description('make and delete keys for calling the server')
    .addHelpText('after', example('ash key create --label ci', 'ash key list'));

  key
    .command('create')
    .description('make a key and print it; it is shown only now')
    .option('--label <text>', 'what it is for')
    .addHelpText('after', example('ash key create --label ci', 'export ASH_API_KEY=$(ash key create --quiet)'))
    .action(doing(async (context, options) => (await load()).createKey(context, options)));
  key
    .command('list')
    .description('list the keys, masked')
    .addHelpText('after', example('ash key list'))
    .action(doing(async (context) => (await load()).listKeys(context)));
  key
    .command('delete')
    .description('delete a key; it stops working at once')
    .argument('<id>', 'id of the key')
    .addHelpText('after', example('ash key delete <id>'))
    .action(doing(async (context, id) => (await load()).deleteKey(context, id)));
}
