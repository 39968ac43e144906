/** `ash session exec`: a command in a session's workspace; its exit code is ours. */
import type { Context } from '../context.ts';
import { leaving, leftCode } from '../detach.ts';
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
  using left = leaving();
  const run = client.exec(id, command.join(' '), { timeout, signal: left.signal });
  const result = await waiting(context, 'Running', run).catch((error: unknown) => {
    if (!left.signal.aborted) throw error;
    return undefined;
  });
  if (result === undefined) {
    terminal.fail('Left it. The command goes on until it ends or its time is up.');
    return leftCode;
  }
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
  aborted: 'Killed: the server was stopping.',
} as const;
