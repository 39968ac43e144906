/** `ash restore`: a data folder from a backup. */
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { showSentence } from '../output/show.ts';
import { counted } from '../output/words.ts';

const steps = { unpack: 'Unpacking …', check: 'Checking every file …' };

export async function restore(context: Context, file: string, options: { dataDir?: string }): Promise<void> {
  const { restoreBackup, BackupFailed } = await import('@ash-ai/server');
  const { terminal } = context;
  try {
    const dataDir = dataDirOf(options.dataDir);
    const told = ({ step }: { step: keyof typeof steps }) => terminal.progress(terminal.dim(steps[step]));
    const done = await restoreBackup({ dataDir, file }, told);
    const what = `${counted(done.sessions, 'session')}, as of ${done.createdAt}`;
    showSentence(context, `Restored to ${done.dataDir} (${what}). "ash start" serves it.`, done, done.dataDir);
  } catch (cause) {
    throw cause instanceof BackupFailed ? new Failure(cause.message) : cause;
  }
}
