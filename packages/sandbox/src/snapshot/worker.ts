/**
 * The process that takes and restores snapshots, beside the server: reading and compressing would hold up its event loop,
 * and Node's zstd crashes in a worker thread. One job at a time; it ends with the server.
 */
import { setPriority } from 'node:os';
import { type RestoreRequest, restore } from './restore.ts';
import { type TakeRequest, take } from './take.ts';

export type Job = ({ job: 'take' } & TakeRequest) | ({ job: 'restore' } & RestoreRequest);
export type Answer = { answer: unknown } | { failure: { reason: string; unfit: boolean; code?: string } };

const [priority] = process.argv.slice(2);
if (priority !== undefined) setPriority(Number(priority));
process.on('disconnect', () => process.exit());
process.on('message', (job: Job) => {
  // Whoever asked may be gone by now.
  process.send?.(answered(job), undefined, undefined, () => undefined);
});

function answered(job: Job): Answer {
  try {
    return { answer: job.job === 'take' ? take(job) : restore(job) };
  } catch (cause) {
    if (!(cause instanceof Error)) return { failure: { reason: String(cause), unfit: false } };
    const code = 'code' in cause && typeof cause.code === 'string' ? { code: cause.code } : {};
    return { failure: { reason: cause.message, unfit: cause.name === 'TreeUnfit', ...code } };
  }
}
