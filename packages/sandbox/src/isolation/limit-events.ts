/** The files in which the kernel counts how often a sandbox hit a limit; the bridge reads them when its runtime is gone. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { Groups } from './isolation.ts';

export interface LimitEvents {
  memoryEvents?: string;
  pidsEvents?: string;
}

const names = { memoryEvents: ['memory.events', 'memory.oom_control'], pidsEvents: ['pids.events'] } as const;

/** Of the wall's groups; absent where the kernel keeps no count. */
export async function limitEventsOf({ wall }: Groups): Promise<LimitEvents> {
  const found: LimitEvents = {};
  for (const dir of wall) {
    for (const key of ['memoryEvents', 'pidsEvents'] as const) {
      for (const name of names[key]) {
        const path = join(dir, name);
        if (found[key] === undefined && (await isThere(path))) found[key] = path;
      }
    }
  }
  return found;
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
