/** Commands about the server on this machine. */
import { type Command, Option } from 'commander';
import { type Doing, example, several } from './doing.ts';

/** What the older command took for its container: taken still, and told that it means nothing. */
const ofContainer = ['--tag <t>', '--image <i>', '--no-pull', '--cloud-url <url>'] as const;

export function addServerCommands(program: Command, doing: Doing): void {
  const dataDir = ['--data-dir <folder>', 'data folder of the server (default: ASH_DATA_DIR, else ~/.ash)'] as const;

  const start = program
    .command('start')
    .description('start a server on this machine, in the background')
    .option('--port <n>', 'port to listen on (default: ASH_PORT, else 4100)')
    .option('--host <address>', 'address to listen on (default: ASH_HOST, else 0.0.0.0)')
    .option(...dataDir)
    .option('--database-url <url>', 'PostgreSQL database (default: SQLite in the data folder)')
    .option('--api-key <key>', 'a key for this server (default: one is made on the first start)')
    .option('-e, --env <NAME=value>', 'variable for the server; repeatable', several)
    .option('--isolation <how>', 'how sandboxes are walled in; "process" is no wall')
    .option('--foreground', 'stay in the foreground until stopped; logs go to this terminal')
    .addHelpText('after', example('ash start', 'ash start --port 5000 --data-dir ./data', 'ash start --foreground'))
    .action(doing(async (context, options) => (await import('../commands/start.ts')).start(context, options)));

  for (const flags of ofContainer) start.addOption(new Option(flags).hideHelp());

  program
    .command('stop')
    .description('stop the server of a data folder')
    .option(...dataDir)
    .option('--keep-sandboxes', 'leave awake sessions running for the next server')
    .option('--timeout <seconds>', 'how long to wait for its end', '60')
    .addHelpText('after', example('ash stop', 'ash stop --keep-sandboxes && ash start'))
    .action(doing(async (context, options) => (await import('../commands/stop.ts')).stop(context, options)));

  program
    .command('status')
    .description('show whether the server runs, and what it holds')
    .option(...dataDir)
    .addOption(new Option('--port <n>').hideHelp())
    .addHelpText('after', example('ash status', 'ash status --json | jq .health.activeSessions'))
    .action(doing(async (context, options) => (await import('../commands/status.ts')).status(context, options)));

  program
    .command('logs')
    .description('show the log of a server in the background')
    .option(...dataDir)
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('-n, --lines <n>', 'how many lines to begin with', '100')
    .addHelpText('after', example('ash logs -f', 'ash logs -n 1000'))
    .action(doing(async (context, options) => (await import('../commands/logs.ts')).logs(context, options)));

  program
    .command('health')
    .description('show the health of the server that commands talk to')
    .addHelpText('after', example('ash health', 'ash health --json | jq .pool'))
    .action(doing(async (context) => (await import('../commands/health.ts')).health(context)));
}
