/** Finds the cgroup directories below which this server may make groups, and proves that they are real ones. */
import { mkdir, readFile, rmdir, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export type Controller = 'memory' | 'pids' | 'cpu';
export const controllers: readonly Controller[] = ['memory', 'pids', 'cpu'];

/** Parents for the groups of sandboxes; a controller is in v2 or has its own v1 directory, or is missing. */
export interface CgroupHost {
  v2?: { dir: string; controllers: readonly Controller[]; kill: boolean };
  v1: Partial<Record<Controller, string>>;
}

/** statfs magic numbers: a mkdir on the tmpfs that hybrid hosts mount at /sys/fs/cgroup looks like a group and limits nothing. */
const magic = { v2: 0x63677270, v1: 0x27e0eb };

interface Hierarchy {
  version: 1 | 2;
  controllers: string[];
  dir: string;
}

/** `own` is this process's group; `root` is what part of the hierarchy is mounted at `mountPoint`. */
function below(mountPoint: string, root: string, own: string): string | undefined {
  if (root === '/') return join(mountPoint, own);
  return own === root || own.startsWith(`${root}/`) ? join(mountPoint, own.slice(root.length)) : undefined;
}

async function hierarchies(): Promise<Hierarchy[]> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '');
  const own = new Map<string, string>();
  for (const line of (await readFile('/proc/self/cgroup', 'utf8').catch(() => '')).trim().split('\n')) {
    const [, names = '', ...path] = line.split(':');
    for (const name of names.split(',')) own.set(name, path.join(':'));
  }
  const found: Hierarchy[] = [];
  for (const line of mounts.trim().split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root, mountPoint] = before.split(' ');
    const [type, , options = ''] = after.split(' ');
    if (root === undefined || mountPoint === undefined) continue;
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    const names = type === 'cgroup2' ? [''] : options.split(',').filter((name) => own.has(name));
    const path = own.get(names[0] ?? 'none');
    const dir = path === undefined ? undefined : below(mountPoint, root, path);
    if (dir !== undefined) found.push({ version: type === 'cgroup2' ? 2 : 1, controllers: names, dir });
  }
  return found;
}

async function isReal(dir: string, version: 1 | 2): Promise<boolean> {
  const found = await statfs(dir).catch(() => undefined);
  return found?.type === (version === 2 ? magic.v2 : magic.v1);
}

/** Runs `look` in a group that exists only for the moment; undefined when none can be made here. */
async function inTrialGroup<T>(dir: string, look: (group: string) => Promise<T>): Promise<T | undefined> {
  const group = join(dir, `ash-trial-${process.pid}-${crypto.randomUUID()}`);
  try {
    await mkdir(group);
  } catch {
    return undefined;
  }
  try {
    return await look(group);
  } finally {
    await rmdir(group);
  }
}

const words = async (file: string): Promise<string[]> =>
  (await readFile(file, 'utf8').catch(() => '')).split(/\s+/).filter((word) => word !== '');

/**
 * v2 controllers reach children only through `subtree_control`, which a group that holds processes can't set:
 * then the server steps into a leaf of its own first (under systemd this needs `Delegate=yes`).
 */
async function enableV2(dir: string): Promise<void> {
  const present = new Set(await words(join(dir, 'cgroup.controllers')));
  const wanted = controllers.filter((name) => present.has(name));
  if (wanted.length === 0) return;
  const enable = () => writeFile(join(dir, 'cgroup.subtree_control'), wanted.map((name) => `+${name}`).join(' '));
  try {
    await enable();
  } catch {
    const leaf = join(dir, serverLeaf);
    await mkdir(leaf, { recursive: true });
    await writeFile(join(leaf, 'cgroup.procs'), String(process.pid));
    await enable();
  }
}

const serverLeaf = 'ash-server';

/** What this machine offers; tries everything and changes nothing but the server's own v2 leaf. */
export async function detectCgroups(): Promise<CgroupHost> {
  const host: CgroupHost = { v1: {} };
  for (const { version, controllers: names, dir: found } of await hierarchies()) {
    if (!(await isReal(found, version))) continue;
    if (version === 2) {
      const dir = found.endsWith(`/${serverLeaf}`) ? join(found, '..') : found;
      await enableV2(dir).catch(() => undefined);
      const v2 = await inTrialGroup(dir, async (group) => {
        const given = await words(join(group, 'cgroup.controllers'));
        const kill = (await words(join(group, 'cgroup.events'))).length > 0 && (await hasKill(group));
        return { dir, controllers: controllers.filter((name) => given.includes(name)), kill };
      });
      if (v2) host.v2 = v2;
      continue;
    }
    for (const name of controllers) {
      if (!names.includes(name)) continue;
      if (await inTrialGroup(found, () => Promise.resolve(true))) host.v1[name] = found;
    }
  }
  return host;
}

/** `cgroup.kill` came with Linux 5.14. */
async function hasKill(group: string): Promise<boolean> {
  try {
    await writeFile(join(group, 'cgroup.kill'), '1');
    return true;
  } catch {
    return false;
  }
}
