/** Commands about webhooks. */
import type { Command } from 'commander';
import { type Doing, example, several } from './doing.ts';

export function addWebhookCommands(program: Command, doing: Doing): void {
  const load = () => import('../commands/webhook.ts');
  const id = ['<id>', 'id of the webhook'] as const;
  const delivery = ['<delivery>', 'id of the delivery'] as const;
  const event = [
    '-e, --event <type>',
    'event to be told of, such as turn.completed; repeatable (default: all)',
  ] as const;
  const webhook = program
    .command('webhook')
    .description('have events sent to a URL')
    .addHelpText('after', example('ash webhook create https://example.com/hooks', 'ash webhook deliveries <id>'));

  webhook
    .command('create')
    .description('have events sent to a URL; prints the secret that they are signed with, only now')
    .argument('<url>', 'https address of your endpoint')
    .option(...event, several)
    .option('--description <text>', 'what it is for')
    .addHelpText(
      'after',
      example('ash webhook create https://example.com/hooks -e turn.completed -e turn.failed --description billing'),
    )
    .action(doing(async (context, url, options) => (await load()).createWebhook(context, url, options)));
  webhook
    .command('list')
    .description('list the webhooks')
    .addHelpText('after', example('ash webhook list'))
    .action(doing(async (context) => (await load()).listWebhooks(context)));
  webhook
    .command('get')
    .description('show a webhook')
    .argument(...id)
    .addHelpText('after', example('ash webhook get <id>'))
    .action(doing(async (context, hookId) => (await load()).getWebhook(context, hookId)));
  webhook
    .command('update')
    .description('change a webhook')
    .argument(...id)
    .option('--url <url>', 'another address')
    .option(...event, several)
    .option('--all-events', 'be told of everything')
    .option('--description <text>', 'what it is for')
    .option('--enable', 'send again')
    .option('--disable', 'send nothing; events are noted as skipped')
    .addHelpText('after', example('ash webhook update <id> --disable', 'ash webhook update <id> -e turn.failed'))
    .action(doing(async (context, hookId, options) => (await load()).updateWebhook(context, hookId, options)));
  webhook
    .command('delete')
    .description('delete a webhook and its deliveries')
    .argument(...id)
    .addHelpText('after', example('ash webhook delete <id>'))
    .action(doing(async (context, hookId) => (await load()).deleteWebhook(context, hookId)));
  webhook
    .command('rotate-secret')
    .description('make a new secret; for a while both sign')
    .argument(...id)
    .option('--overlap <seconds>', 'how long the secret of before signs as well (default: a day)')
    .addHelpText('after', example('ash webhook rotate-secret <id> --overlap 3600'))
    .action(doing(async (context, hookId, options) => (await load()).rotateSecret(context, hookId, options)));
  webhook
    .command('test')
    .description('send a test event')
    .argument(...id)
    .addHelpText('after', example('ash webhook test <id>'))
    .action(doing(async (context, hookId) => (await load()).testWebhook(context, hookId)));
  webhook
    .command('deliveries')
    .description('list what was delivered, newest first')
    .argument(...id)
    .option('--status <status>', 'only those with a status: pending, delivered, failed, skipped')
    .option('--limit <n>', 'at most so many (default: 50)')
    .option('--before <delivery>', 'only those before this one: the next page')
    .addHelpText('after', example('ash webhook deliveries <id> --status failed'))
    .action(doing(async (context, hookId, options) => (await load()).listDeliveries(context, hookId, options)));
  webhook
    .command('delivery')
    .description('show a delivery with what it sends, as JSON')
    .argument(...id)
    .argument(...delivery)
    .addHelpText('after', example('ash webhook delivery <id> <delivery>'))
    .action(doing(async (context, hookId, one) => (await load()).getDelivery(context, hookId, one)));
  webhook
    .command('redeliver')
    .description('send a delivery again now')
    .argument(...id)
    .argument(...delivery)
    .addHelpText('after', example('ash webhook redeliver <id> <delivery>'))
    .action(doing(async (context, hookId, one) => (await load()).redeliver(context, hookId, one)));
  webhook
    .command('replay')
    .description('send the events from a moment on again')
    .argument(...id)
    .requiredOption('--since <when>', 'from then on: 24h, 7d, 2026-01-31, or a date-time')
    .option('--until <when>', 'up to then')
    .option('--status <status>', 'delivered, failed or skipped; repeatable (default: failed and skipped)', several)
    .addHelpText('after', example('ash webhook replay <id> --since 24h'))
    .action(doing(async (context, hookId, options) => (await load()).replay(context, hookId, options)));
}
