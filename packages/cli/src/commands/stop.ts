/** `ash stop`: ends the server of a data folder and waits until it is gone. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../context.ts';
import { codeOf, Failure } from '../failure.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { isAlive, readRecord, type ServerRecord } from '../local-server/record.ts';
import { count } from '../option-values.ts';
import { showSentence } from '../output/show.ts';
import { waiting } from '../output/waiting.ts';

/** The end of a process that isn't a child can't be awaited, only looked for. */
const lookEveryMs = 50;

export async function stop(
  context: Context,
  options: { dataDir?: string; keepSandboxes?: boolean; timeout: string },
): Promise<void> {
  const dataDir = dataDirOf(options.dataDir);
  const timeoutMs = (count('--timeout', options.timeout) ?? 60) * 1000;
  const record = readRecord(dataDir);
  if (record === undefined) {
    return showSentence(context, `No server runs on ${dataDir}`, { stopped: false, dataDir }, dataDir);
  }
  try {
    process.kill(record.pid, options.keepSandboxes ? 'SIGTERM' : 'SIGINT');
  } catch (error) {
    if (codeOf(error) === 'EPERM') throw new Failure(`the server (pid ${record.pid}) belongs to another user`);
    if (codeOf(error) !== 'ESRCH') throw error;
  }
  await waiting(context, `Stopping the server (pid ${record.pid})`, untilGone(record, timeoutMs));
  const sentence = `Stopped${options.keepSandboxes ? '; awake sessions go on and wait for the next server' : ''}`;
  showSentence(context, sentence, { stopped: true, dataDir, pid: record.pid }, dataDir);
}

/** @throws Failure when the server still lives after `timeoutMs` */
export async function untilGone(record: ServerRecord, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(record)) {
    if (performance.now() > deadline) {
      throw new Failure(`the server (pid ${record.pid}) has not ended within ${timeoutMs / 1000} s`, {
        next: 'See "ash logs".',
      });
    }
    await sleep(lookEveryMs);
  }
}
