/** Commands about agents. */
import { type Command, Option } from 'commander';
import { type Doing, example, several } from './doing.ts';

export function addAgentCommands(program: Command, doing: Doing): void {
  program
    .command('deploy')
    .description('deploy a folder as an agent, or redeploy it')
    .argument('<path>', 'folder with a CLAUDE.md')
    .option('-n, --name <name>', "name of the agent (default: the folder's name)")
    .addOption(new Option('-e, --env <NAME=value>').argParser(several).hideHelp())
    .option('--dry-run', 'show what would change, and change nothing')
    .addHelpText(
      'after',
      example('ash deploy ./my-agent', 'ash deploy . --name support', 'ash deploy ./my-agent --dry-run'),
    )
    .action(
      doing(
        async (context, path, options) => (await import('../commands/deploy.ts')).deploy(context, path, options),
        'Deploy failed',
      ),
    );

  const load = () => import('../commands/agent.ts');
  const name = ['<name>', 'name of the agent'] as const;
  const agent = program
    .command('agent')
    .description('list agents, look into them, delete them')
    .addHelpText('after', example('ash agent list', 'ash agent files my-agent CLAUDE.md'));
  agent
    .command('list')
    .description('list the agents')
    .addHelpText('after', example('ash agent list', 'ash agent list --json | jq -r ".[].name"'))
    .action(doing(async (context) => (await load()).listAgents(context)));
  agent
    .command('info')
    .description('show an agent')
    .argument(...name)
    .addHelpText('after', example('ash agent info my-agent', 'ash agent info my-agent --json | jq .version'))
    .action(doing(async (context, agentName) => (await load()).getAgent(context, agentName)));
  agent
    .command('files')
    .description('list the files of an agent, or print one')
    .argument(...name)
    .argument('[path]', 'print this file')
    .addHelpText('after', example('ash agent files my-agent', 'ash agent files my-agent CLAUDE.md'))
    .action(doing(async (context, agentName, path) => (await load()).agentFiles(context, agentName, path)));
  agent
    .command('versions')
    .description('list the versions of an agent, newest first')
    .argument(...name)
    .option('--limit <n>', 'at most so many (default: 100)')
    .option('--before <version>', 'only older ones: the next page')
    .addHelpText('after', example('ash agent versions my-agent'))
    .action(doing(async (context, agentName, options) => (await load()).listVersions(context, agentName, options)));
  agent
    .command('rollback')
    .description('have new sessions made from an older version; sessions that exist keep theirs')
    .argument(...name)
    .argument('[version]', 'its number (default: the one before the active one)')
    .addHelpText('after', example('ash agent rollback my-agent', 'ash agent rollback my-agent 3'))
    .action(doing(async (context, agentName, version) => (await load()).rollback(context, agentName, version)));
  agent
    .command('delete')
    .description('delete an agent; its sessions end')
    .argument(...name)
    .addHelpText('after', example('ash agent delete my-agent'))
    .action(doing(async (context, agentName) => (await load()).deleteAgent(context, agentName)));
}
