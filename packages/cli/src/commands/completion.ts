/** `ash completion`: prints what a shell loads to complete `ash`. */
import { howToInstall, scripts, shells } from '../completion/scripts.ts';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';

export async function completion({ terminal }: Context, given: string): Promise<void> {
  const shell = shells.find((one) => one === given);
  if (shell === undefined) throw new Failure(`Completion is there for ${shells.join(', ')}, not for ${given}`);
  terminal.out(scripts[shell]);
  if (process.stdout.isTTY === true) terminal.note(terminal.dim(`\n# ${howToInstall[shell]}`));
}
