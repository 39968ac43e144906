/** Commands that save a data folder and bring it back. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addBackupCommands(program: Command, doing: Doing): void {
  const dataDir = ['--data-dir <folder>', 'data folder of the server (default: ASH_DATA_DIR, else ~/.ash)'] as const;

  program
    .command('backup')
    .argument('<file>', 'archive to write; it holds secrets, and only you may read it')
    .description('save the database and all files of a data folder, while its server runs or not')
    .option(...dataDir)
    .addHelpText('after', example('ash backup ash.tar', 'ash backup --data-dir /var/lib/ash /backups/ash.tar --json'))
    .action(
      doing(async (context, file, options) => (await import('../commands/backup.ts')).backup(context, file, options)),
    );

  program
    .command('restore')
    .argument('<file>', 'archive that "ash backup" wrote')
    .description('make a new data folder from a backup, after all of it has been checked')
    .option(...dataDir)
    .addHelpText('after', example('ash restore ash.tar --data-dir ./restored', 'ash restore ash.tar && ash start'))
    .action(
      doing(async (context, file, options) => (await import('../commands/restore.ts')).restore(context, file, options)),
    );
}
