/** `ash stop`: ends the server of a data folder and waits until it is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { count } from '../count.ts';
import { codeOf, Failure } from '../failure.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { isAlive, readRecord } from '../local-server/record.ts';

/** The end of a process that isn't a child can't be awaited, only looked for. */
const lookEveryMs = 50;

export async function stop(
  { terminal }: Context,
  options: { dataDir?: string; keepSandboxes?: boolean; timeout: string },
): Promise<void> {
  const dataDir = dataDirOf(options.dataDir);
  const timeoutMs = (count('--timeout', options.timeout) ?? 60) * 1000;
  const record = readRecord(dataDir);
  if (record === undefined) {
    terminal.out(`No server runs on ${dataDir}\n`);
    return;
  }
  terminal.progress(terminal.dim(`Stopping the server (pid ${record.pid}) …`));
  try {
    process.kill(record.pid, options.keepSandboxes ? 'SIGTERM' : 'SIGINT');
  } catch (error) {
    if (codeOf(error) === 'EPERM') throw new Failure(`the server (pid ${record.pid}) belongs to another user`);
    if (codeOf(error) !== 'ESRCH') throw error;
  }
  const deadline = Date.now() + timeoutMs;
  while (isAlive(record)) {
    if (Date.now() > deadline) {
      throw new Failure(`the server (pid ${record.pid}) has not ended within ${timeoutMs / 1000} s. See "ash logs".`);
    }
    await sleep(lookEveryMs);
  }
  terminal.out(`Stopped${options.keepSandboxes ? '; awake sessions go on and wait for the next server' : ''}\n`);
}
