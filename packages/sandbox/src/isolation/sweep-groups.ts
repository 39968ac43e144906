/** Ends what a server left that died between making a sandbox and writing down that there is one. */
import { readdir, readFile, rmdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupHost } from './cgroup-host.ts';
import type { Fate, Groups } from './isolation.ts';
import { removeGroups } from './limits.ts';

/** A group that has been empty for so long belongs to nobody: its maker would have joined it within milliseconds. */
const emptyForMs = 60_000;

/**
 * Kills and removes the groups of sandboxes that are ours and not to be kept, and removes any that are long empty.
 * @param fate of the sandbox with this id: another server's is only touched when it is empty
 * @returns ids of the sandboxes that were ended
 */
export async function sweepGroups(host: CgroupHost, fate: (sandboxId: string) => Promise<Fate>): Promise<string[]> {
  const parents = new Set([host.v2?.dir, ...Object.values(host.v1)].filter((dir) => dir !== undefined));
  const ended = new Set<string>();
  for (const parent of parents) {
    for (const name of await readdir(parent).catch(() => [])) {
      const id = /^ash-(?!server$|trial-)(.+)$/.exec(name)?.[1];
      if (id === undefined) continue;
      const dir = join(parent, name);
      const what = await fate(id);
      if (what === 'ours to end') {
        await removeGroups(await groupsAt(dir, parent === host.v2?.dir && host.v2.kill));
        ended.add(id);
      } else if (what === 'not ours' && (await isLongEmpty(dir))) await removeEmpty(dir);
    }
  }
  return [...ended];
}

async function groupsAt(dir: string, kill: boolean): Promise<Groups> {
  const inner = await foldersIn(dir);
  return { wall: [], bridge: [], remove: [...inner, dir], ...(kill ? { kill: dir } : {}) };
}

async function isLongEmpty(dir: string): Promise<boolean> {
  const made = await stat(dir).catch(() => undefined);
  // biome-ignore lint/plugin: compared with the time of a file
  if (made === undefined || Date.now() - made.ctimeMs < emptyForMs) return false;
  for (const group of [dir, ...(await foldersIn(dir))]) {
    const members = await readFile(join(group, 'cgroup.procs'), 'utf8').catch(() => '');
    if (members !== '') return false;
  }
  return true;
}

/** What is not empty after all can't be removed. */
async function removeEmpty(dir: string): Promise<void> {
  for (const group of [...(await foldersIn(dir)), dir]) await rmdir(group).catch(() => undefined);
}

async function foldersIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(dir, entry.name));
}
