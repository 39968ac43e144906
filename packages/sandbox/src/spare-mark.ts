/** What tells a spare sandbox from a session's: a file beside it, and the share of the processor that it gets. */
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launched } from './isolation/isolation.ts';

const fileName = 'spare';

/** By kind of group: the file, its value for a spare, the kernel's own. */
const weights = [
  { file: 'cpu.weight', spare: '10', own: '100' },
  { file: 'cpu.shares', spare: '102', own: '1024' },
] as const;

/** Marks a folder before anything is launched in it: a server that finds the mark of an earlier one removes all of it. */
export async function markSpare(sandboxDir: string): Promise<void> {
  await writeFile(join(sandboxDir, fileName), '', { mode: 0o600 });
}

export async function unmarkSpare(sandboxDir: string): Promise<void> {
  await rm(join(sandboxDir, fileName), { force: true });
}

export async function isSpare(sandboxDir: string): Promise<boolean> {
  return await stat(join(sandboxDir, fileName)).then(
    () => true,
    () => false,
  );
}

/** A spare that boots gets a tenth of what a session's sandbox does when both want the processor; where groups can say so. */
export async function weigh({ groups }: Launched, as: 'spare' | 'own'): Promise<void> {
  const writes = [...new Set([...groups.wall, ...groups.bridge])].flatMap((dir) =>
    weights.map((weight) => writeFile(join(dir, weight.file), weight[as], { flag: 'r+' }).catch(() => undefined)),
  );
  await Promise.all(writes);
}
