/** Commands about which server the others talk to. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addTargetCommands(program: Command, doing: Doing): void {
  program
    .command('link')
    .description('talk to another server from now on')
    .argument('[url]', 'its address')
    .option('--api-key <key>', 'a key of that server; "-" reads it from stdin')
    .addHelpText(
      'after',
      example(
        'ash link https://ash.example.com --api-key ash_…',
        'pass ash-key | ash link https://ash.example.com --api-key -',
      ),
    )
    .action(doing(async (context, url, options) => (await import('../commands/link.ts')).link(context, url, options)));

  program
    .command('unlink')
    .description('talk to the local server again')
    .addHelpText('after', example('ash unlink'))
    .action(doing(async (context) => (await import('../commands/link.ts')).unlink(context)));

  program
    .command('connect')
    .description('like link, after the server has answered')
    .argument('<url>', 'its address')
    .option('--api-key <key>', 'a key of that server; "-" reads it from stdin')
    .addHelpText('after', example('ash connect https://ash.example.com --api-key ash_…'))
    .action(
      doing(async (context, url, options) => (await import('../commands/link.ts')).connect(context, url, options)),
    );

  program
    .command('disconnect')
    .description('the same as unlink')
    .addHelpText('after', example('ash disconnect'))
    .action(doing(async (context) => (await import('../commands/link.ts')).unlink(context)));
}
