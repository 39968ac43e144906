/** Commands about agents. */
import type { Command } from 'commander';
import { type Doing, example } from './doing.ts';

export function addAgentCommands(program: Command, doing: Doing): void {
  program
    .command('deploy')
    .description('deploy a folder as an agent, or redeploy it')
    .argument('<path>', 'folder with a CLAUDE.md')
    .option('-n, --name <name>', "name of the agent (default: the folder's name)")
    .option('--json', 'print the agent as JSON')
    .addHelpText('after', example('ash deploy ./my-agent', 'ash deploy . --name support'))
    .action(
      doing(
        async (context, path, options) => (await import('../commands/deploy.ts')).deploy(context, path, options),
        'Deploy failed',
      ),
    );

  const agent = program.command('agent').description('list, show and delete agents');
  agent
    .command('list')
    .description('list the agents as JSON')
    .action(doing(async (context) => context.terminal.json(await (await context.client()).listAgents())));
  agent
    .command('info')
    .description('show an agent as JSON')
    .argument('<name>')
    .action(
      doing(async (context, name: string) => context.terminal.json(await (await context.client()).getAgent(name))),
    );
  agent
    .command('delete')
    .description('delete an agent; its sessions end')
    .argument('<name>')
    .action(
      doing(async (context, name: string) => {
        await (await context.client()).deleteAgent(name);
        context.terminal.out(`Deleted agent: ${name}\n`);
      }),
    );
}
