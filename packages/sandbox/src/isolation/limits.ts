/** The cgroups of one sandbox: made, limited, read back, killed and removed. */
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type CgroupHost, type Controller, controllers } from './cgroup-host.ts';
import type { Groups, HeldBy, Launched, Limits } from './isolation.ts';

const cpuPeriodUs = 100_000;
const pageBytes = 4096;

interface Setting {
  file: string;
  value: string;
  /** Undefined when the kernel holds something else than what was asked for. */
  read(text: string): number | undefined;
}

const near = (asked: number) => (text: string) => {
  const found = Number(text);
  return Math.abs(found - asked) <= pageBytes ? found : undefined;
};
const same = (asked: number) => (text: string) => (Number(text) === asked ? asked : undefined);

function settings(limits: Limits): Record<Controller, Record<1 | 2, Setting>> {
  const quota = Math.max(1000, Math.round(limits.cpus * cpuPeriodUs));
  const cpus = quota / cpuPeriodUs;
  const { memoryBytes, pids } = limits;
  return {
    memory: {
      1: { file: 'memory.limit_in_bytes', value: String(memoryBytes), read: near(memoryBytes) },
      2: { file: 'memory.max', value: String(memoryBytes), read: near(memoryBytes) },
    },
    pids: {
      1: { file: 'pids.max', value: String(pids), read: same(pids) },
      2: { file: 'pids.max', value: String(pids), read: same(pids) },
    },
    cpu: {
      // The period keeps its default of 100 ms.
      1: {
        file: 'cpu.cfs_quota_us',
        value: String(quota),
        read: (text) => (Number(text) === quota ? cpus : undefined),
      },
      2: {
        file: 'cpu.max',
        value: `${quota} ${cpuPeriodUs}`,
        read: (text) => (text === `${quota} ${cpuPeriodUs}` ? cpus : undefined),
      },
    },
  };
}

/** Which kind of group holds a controller here. */
export function holderOf(host: CgroupHost, controller: Controller): HeldBy {
  if (host.v2?.controllers.includes(controller)) return 'cgroup2';
  return host.v1[controller] === undefined ? 'none' : 'cgroup1';
}

async function apply(dir: string, { file, value, read }: Setting): Promise<number | undefined> {
  const path = join(dir, file);
  try {
    // Without O_CREAT: in what only looks like a cgroup, the file isn't there, and making it would limit nothing.
    await writeFile(path, value, { flag: 'r+' });
    return read((await readFile(path, 'utf8')).trim());
  } catch {
    return undefined;
  }
}

/** Swap would let a sandbox have more than its memory; the files are missing where the kernel doesn't account it. */
async function forbidSwap(dir: string, holder: HeldBy, memoryBytes: number): Promise<void> {
  const [file, value] = holder === 'cgroup2' ? ['memory.swap.max', 0] : ['memory.memsw.limit_in_bytes', memoryBytes];
  await writeFile(join(dir, file), String(value), { flag: 'r+' }).catch(() => undefined);
}

export interface MadeGroups {
  groups: Groups;
  /** What the kernel says it holds now. */
  limits: Launched['limits'];
  held: Record<Controller, HeldBy>;
}

/**
 * Makes the groups of a sandbox below the server's own. What still lives under this name is left from a launch that
 * nobody recorded, and is killed first.
 */
export async function makeGroups(host: CgroupHost, sandboxId: string, limits: Limits): Promise<MadeGroups> {
  const name = `ash-${sandboxId}`;
  const groups: Groups = { wall: [], bridge: [], remove: [] };
  const dirs: Partial<Record<Controller, string>> = {};
  if (host.v2) {
    const top = join(host.v2.dir, name);
    const [wall, bridge] = [join(top, 'wall'), join(top, 'bridge')];
    groups.wall.push(wall);
    groups.bridge.push(bridge);
    groups.remove.push(wall, bridge, top);
    if (host.v2.kill) groups.kill = top;
    for (const controller of host.v2.controllers) dirs[controller] = wall;
  }
  for (const controller of controllers) {
    const parent = host.v1[controller];
    if (parent === undefined || dirs[controller] !== undefined) continue;
    const dir = join(parent, name);
    dirs[controller] = dir;
    // Several controllers can share one v1 hierarchy.
    if (groups.wall.includes(dir)) continue;
    groups.wall.push(dir);
    groups.remove.push(dir);
  }
  await removeGroups(groups);
  for (const dir of groups.remove.toReversed()) await mkdir(dir);
  if (host.v2 && host.v2.controllers.length > 0) {
    const on = host.v2.controllers.map((controller) => `+${controller}`).join(' ');
    await writeFile(join(host.v2.dir, name, 'cgroup.subtree_control'), on).catch(() => undefined);
  }
  const wanted = settings(limits);
  const made: MadeGroups = { groups, limits: {}, held: { memory: 'none', pids: 'none', cpu: 'none' } };
  const field = { memory: 'memoryBytes', pids: 'pids', cpu: 'cpus' } as const;
  for (const controller of controllers) {
    const dir = dirs[controller];
    const holder = holderOf(host, controller);
    if (dir === undefined) continue;
    const value = await apply(dir, wanted[controller][holder === 'cgroup2' ? 2 : 1]);
    if (value === undefined) continue;
    made.limits[field[controller]] = value;
    made.held[controller] = holder;
    if (controller === 'memory') await forbidSwap(dir, holder, limits.memoryBytes);
  }
  return made;
}

async function members(dir: string): Promise<number[]> {
  const text = await readFile(join(dir, 'cgroup.procs'), 'utf8').catch(() => '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map(Number);
}

/** Processes still in the groups. */
export async function membersOf(groups: Groups): Promise<number[]> {
  return [...new Set((await Promise.all(groups.remove.map(members))).flat())];
}

/** Kills what is in the groups now; what forks meanwhile escapes only where there is no `cgroup.kill`, so call it again. */
export async function killGroups(groups: Groups): Promise<void> {
  if (groups.kill !== undefined) await writeFile(join(groups.kill, 'cgroup.kill'), '1').catch(() => undefined);
  for (const pid of await membersOf(groups)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone since it was listed.
    }
  }
}

async function removed(dir: string): Promise<boolean> {
  try {
    await rmdir(dir);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

/**
 * Kills everything in the groups and removes them.
 * @returns false when something was left after `deadlineMs` (5 s)
 */
export async function removeGroups(groups: Groups, deadlineMs = 5000): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  let left = groups.remove;
  for (;;) {
    if (left.length > 0) await killGroups(groups);
    const still: string[] = [];
    for (const dir of left) if (!(await removed(dir))) still.push(dir);
    if (still.length === 0) return true;
    if (performance.now() > end) return false;
    left = still;
    // Dying takes the kernel some milliseconds; v1 has no event for an empty group.
    await delay(2);
  }
}
