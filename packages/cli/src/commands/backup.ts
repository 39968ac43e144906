/** `ash backup`: a data folder as one file. */
import type { BackupProgress } from '@ash-ai/server';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { dataDirOf } from '../local-server/environment.ts';
import { showSentence } from '../output/show.ts';
import { counted } from '../output/words.ts';

const steps: Record<BackupProgress['step'], string> = {
  database: 'Copying the database',
  snapshots: 'Taking snapshots',
  files: 'Gathering files',
  archive: 'Writing the archive',
};

export async function backup(context: Context, file: string, options: { dataDir?: string }): Promise<void> {
  const { backUp, BackupFailed } = await import('@ash-ai/server');
  const { terminal } = context;
  let last = '';
  const told = ({ step, done, of }: BackupProgress) => {
    // Every tenth of the sessions is enough to see that it goes on.
    if (done !== undefined && of !== undefined && done < of && done % Math.max(1, Math.floor(of / 10)) !== 0) return;
    const line = `${steps[step]}${done === undefined ? '' : ` ${done}/${of}`} …`;
    if (line !== last) terminal.progress(terminal.dim(line));
    last = line;
  };
  try {
    const done = await backUp({ dataDir: dataDirOf(options.dataDir), file }, told);
    for (const sessionId of done.busySessions) {
      terminal.note(`Session ${sessionId} was at work: its files are those of its newest snapshot`);
    }
    for (const sessionId of done.withoutFiles) terminal.note(`Session ${sessionId} has no files that could be saved`);
    const size = `${Math.max(1, Math.round(done.bytes / 1024 ** 2))} MiB, ${counted(done.sessions, 'session')}`;
    showSentence(context, `Backed up to ${done.file} (${size}). It holds your secrets: keep it safe.`, done, done.file);
  } catch (cause) {
    throw cause instanceof BackupFailed ? new Failure(cause.message) : cause;
  }
}
