/** `ash session exec`: a command in a session's workspace; its exit code is ours. */
import type { Context } from '../context.ts';
import { count } from '../option-values.ts';
import { waiting } from '../output/waiting.ts';

export async function exec(
  context: Context,
  id: string,
  command: string[],
  options: { timeout?: string },
): Promise<number> {
  const { terminal } = context;
  const timeout = count('--timeout', options.timeout);
  const client = await context.client();
  const result = await waiting(context, 'Running', client.exec(id, command.join(' '), { timeout }));
  if (context.form === 'json') terminal.json(result);
  else {
    terminal.out(result.stdout);
    process.stderr.write(result.stderr);
    if (result.stopped !== undefined) terminal.fail(stoppedBy[result.stopped]);
  }
  return result.exitCode;
}

/** Why a command was killed, for people. */
export const stoppedBy = {
  timeout: 'Killed: it ran longer than --timeout allows.',
  output: 'Killed: it wrote more than 10 MiB.',
  aborted: 'Killed: the session was stopped.',
} as const;
