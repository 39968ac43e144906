/** Commands about the files of a session, and commands run beside them. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addWorkspaceCommands(session: Command, doing: Doing): void {
  const id = ['<id>', 'id of the session'] as const;
  addFileCommands(session, doing);

  session
    .command('exec')
    .description('run a command in the workspace; its exit code is that of ash')
    .argument(...id)
    .argument('<command...>', 'the command, for bash')
    .option('--timeout <ms>', 'kill it after so many ms (default: 30000, at most 300000)')
    .addHelpText(
      'after',
      example('ash session exec <id> "ls -la"', 'ash session exec <id> --timeout 300000 -- npm test'),
    )
    .action(
      doing(async (context, sessionId, command, options) =>
        (await import('../commands/session-exec.ts')).exec(context, sessionId, command, options),
      ),
    );

  session
    .command('shell')
    .description('run command after command in the workspace; folder and exported variables are kept')
    .argument(...id)
    .option('--timeout <ms>', 'kill a line after so many ms (default: 30000, at most 300000)')
    .addHelpText(
      'after',
      example('ash session shell <id>', "printf 'cd src\\nls\\n' | ash session shell <id>").concat(
        '\n\nEach line runs to its end before its output is shown. There is no terminal in the sandbox: editors, pagers and\nwhatever else asks for one do not run.',
      ),
    )
    .action(
      doing(async (context, sessionId, options) =>
        (await import('../commands/session-shell.ts')).shell(context, sessionId, options),
      ),
    );
}

function addFileCommands(session: Command, doing: Doing): void {
  const id = ['<id>', 'id of the session'] as const;
  const load = () => import('../commands/session-files.ts');
  const files = session
    .command('files')
    .description('list, read and write the files of the workspace')
    .argument(...id)
    .argument('[path]', 'print this file')
    .addHelpText(
      'after',
      example('ash session files <id>', 'ash session files <id> notes.md', 'ash session files put <id> ./data data'),
    )
    .action(doing(async (context, sessionId, path) => (await load()).files(context, sessionId, path)));

  files
    .command('ls')
    .description('list the files')
    .argument(...id)
    .option('-a, --all', 'also those of tools: .cache, .venv, …')
    .addHelpText('after', example('ash session files ls <id>'))
    .action(doing(async (context, sessionId, options) => (await load()).list(context, sessionId, options)));
  files
    .command('get')
    .description('read a file, up to 100 MiB')
    .argument(...id)
    .argument('<path>', 'file in the workspace')
    .argument('[to]', 'where to write it: a file or a folder (default: stdout)')
    .addHelpText('after', example('ash session files get <id> notes.md', 'ash session files get <id> out/chart.png .'))
    .action(doing(async (context, sessionId, path, to) => (await load()).get(context, sessionId, path, to)));
  files
    .command('put')
    .description('write a file or a folder into the workspace')
    .argument(...id)
    .argument('<from>', 'file or folder of this machine; "-" reads stdin')
    .argument('[to]', 'where to write it in the workspace (default: its top)')
    .addHelpText(
      'after',
      example(
        'ash session files put <id> report.csv',
        'ash session files put <id> ./data data',
        'date | ash session files put <id> - today.txt',
      ),
    )
    .action(doing(async (context, sessionId, from, to) => (await load()).put(context, sessionId, from, to)));
  files
    .command('rm')
    .description('delete a file')
    .argument(...id)
    .argument('<path>', 'file in the workspace')
    .addHelpText('after', example('ash session files rm <id> notes.md'))
    .action(doing(async (context, sessionId, path) => (await load()).remove(context, sessionId, path)));
  files
    .command('download')
    .description('read the whole workspace as a tar.gz')
    .argument(...id)
    .argument('[to]', 'where to write it; "-" is stdout (default: <id>.tar.gz)')
    .addHelpText('after', example('ash session files download <id>', 'ash session files download <id> - | tar tz'))
    .action(doing(async (context, sessionId, to) => (await load()).download(context, sessionId, to)));
}
