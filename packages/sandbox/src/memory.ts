/** What a live sandbox takes of the machine's memory: shared pages count for each process in part (PSS). */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launched } from './isolation/isolation.ts';

/** In MB, of bridge and everything inside the wall; without groups only of what descends from the two. */
export async function memoryOf({ bridge, wall, groups }: Launched): Promise<number> {
  const members = await Promise.all(
    groups.wall.map((dir) => readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '')),
  );
  const listed = members.flatMap((text) =>
    text
      .split('\n')
      .filter((line) => line !== '')
      .map(Number),
  );
  const pids = new Set([bridge.pid, wall.pid, ...listed, ...(listed.length > 0 ? [] : await childrenOf(wall.pid))]);
  const sizes = await Promise.all([...pids].map(pssKb));
  return sizes.reduce((sum, kb) => sum + kb, 0) / 1024;
}

async function childrenOf(pid: number): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = text
    .split(' ')
    .filter((word) => word !== '')
    .map(Number);
  return [...children, ...(await Promise.all(children.map(childrenOf))).flat()];
}

async function pssKb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0);
}
