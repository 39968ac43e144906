/** Finds and ends a pair from its record alone, as a restarted server must. */
import { setTimeout as delay } from 'node:timers/promises';
import { IsolationError, type Launched, type ProcessIdentity } from './isolation.ts';
import { kinOf } from './kin.ts';
import { removeGroups } from './limits.ts';
import { bootId, lives } from './proc.ts';

export async function isAlive(record: Launched): Promise<{ bridge: boolean; wall: boolean }> {
  if (record.bootId !== (await bootId())) return { bridge: false, wall: false };
  const [bridge, wall] = await Promise.all([lives(record.bridge), lives(record.wall)]);
  return { bridge, wall };
}

function kill({ pid }: ProcessIdentity): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

async function living(all: readonly ProcessIdentity[]): Promise<ProcessIdentity[]> {
  const alive = await Promise.all(all.map(lives));
  return all.filter((_, index) => alive[index]);
}

/** @throws IsolationError `sandbox_destroy_failed` when something survives `deadlineMs` (5 s) */
export async function destroy(record: Launched, deadlineMs = 5000): Promise<void> {
  const end = performance.now() + deadlineMs;
  if (record.bootId !== (await bootId())) return;
  if (!(await removeGroups(record.groups, deadlineMs))) throw survived(record, 'a cgroup');
  // Empty groups mean that all is gone; without any, what was found is remembered, as killing it cuts the lines of descent.
  const grouped = record.groups.remove.length > 0;
  let left: ProcessIdentity[] = [record.bridge, record.wall];
  for (;;) {
    left = await living(grouped ? left : [...left, ...(await kinOf(record))]);
    if (left.length === 0) return;
    if (performance.now() > end) throw survived(record, 'a process');
    left.forEach(kill);
    // Dying takes the kernel some milliseconds, and has no event for a process that isn't our child.
    await delay(2);
  }
}

function survived(record: Launched, what: string): IsolationError {
  return new IsolationError(
    'sandbox_destroy_failed',
    `There is ${what} of sandbox ${record.sandboxId} that can't be ended.`,
  );
}
