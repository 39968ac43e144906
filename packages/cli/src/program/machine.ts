/** Commands about Ash on this machine: does it work, how is it upgraded, how does a shell complete it. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addMachineCommands(program: Command, doing: Doing): void {
  program
    .command('doctor')
    .description('look for everything that Ash needs here, and say how to mend what is missing; changes nothing')
    .option('--data-dir <folder>', 'data folder of the server (default: ASH_DATA_DIR, else ~/.ash)')
    .option('--isolation <how>', 'how sandboxes would be walled in (default: as for ash start)')
    .option('--offline', 'do not call the model API')
    .option('--thorough', 'read every snapshot whole and check its hashes; takes its time')
    .addHelpText('after', example('ash doctor', 'ash doctor --quiet || echo "something is wrong"', 'ash doctor --json'))
    .action(doing(async (context, options) => (await import('../doctor/doctor.ts')).doctor(context, options)));

  program
    .command('smoke')
    .description('try everything once with a scripted model: no key, no trace, a few seconds')
    .option('--isolation <how>', 'how the sandbox is walled in (default: as for ash start)')
    .option('--keep', 'keep the data folder, to look into it')
    .addHelpText('after', example('ash smoke', 'ash smoke --json'))
    .action(doing(async (context, options) => (await import('../smoke/smoke.ts')).smoke(context, options)));

  program
    .command('completion')
    .description('print what a shell needs to complete commands, agents and sessions')
    .argument('<shell>', 'bash, zsh or fish')
    .addHelpText(
      'after',
      example('source <(ash completion bash)', 'ash completion fish > ~/.config/fish/completions/ash.fish'),
    )
    .action(doing(async (context, shell) => (await import('../commands/completion.ts')).completion(context, shell)));

  program
    .command('upgrade')
    .description('show the versions, how to upgrade, and what changed')
    .addHelpText('after', example('ash upgrade'))
    .action(doing(async (context) => (await import('../commands/upgrade.ts')).upgrade(context)));
}
