/**
 * Lets an unprivileged uid reach paths below folders that are closed to it (a data folder of mode 0700, /root):
 * in a mount namespace of the process's own, the topmost closed folder is covered by a small tmpfs in which nothing
 * but the needed paths is bound back, each at its own place. So paths stay the same and the rest is invisible.
 */
import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import { IsolationError } from './isolation.ts';
import { mayMount } from './proc.ts';
import { quote } from './shell.ts';

export interface Need {
  path: string;
  writable: boolean;
}

interface Bind extends Need {
  isDirectory: boolean;
}

export interface Stage {
  /** The sandbox's folder: other sandboxes' disks are let go of, as a copy here would keep them alive. */
  own?: string;
  covers: string[];
  binds: Bind[];
}

const bits = { read: 4, write: 2, search: 1 };

/** By owner, group and others only: an access list can make this wrong in either direction, which shows at the first use. */
function may(found: Stats, uid: number, bit: number): boolean {
  const shift = found.uid === uid ? 6 : found.gid === uid ? 3 : 0;
  return (found.mode & (bit << shift)) !== 0;
}

/** Topmost folder above `path` that `uid` can't pass. */
async function closedAbove(path: string, uid: number): Promise<string | undefined> {
  const parts = dirname(path)
    .split(sep)
    .filter((part) => part !== '');
  let dir = '/';
  for (const part of ['', ...parts]) {
    dir = join(dir, part);
    if (!may(await stat(dir), uid, bits.search)) return dir;
  }
  return undefined;
}

/**
 * What must be covered so that `uid` reaches everything it needs; undefined when it does already.
 * @throws IsolationError `sandbox_path_unreachable` naming the folder, when covering isn't possible
 */
export async function planStage(needs: readonly Need[], uid: number): Promise<Stage | undefined> {
  const covers = new Set<string>();
  const binds = new Map<string, Bind>();
  for (const need of needs) {
    const path = await realpath(need.path).catch((cause: unknown) => {
      throw new IsolationError('sandbox_path_unreachable', `${need.path} does not exist.`, { cause });
    });
    const found = await stat(path);
    if (!may(found, uid, bits.read) || (found.isDirectory() && !may(found, uid, bits.search))) {
      throw new IsolationError('sandbox_path_unreachable', `${path} is closed to uid ${uid}; make it readable.`);
    }
    const closed = await closedAbove(path, uid);
    if (closed === undefined) continue;
    if (closed === '/' || !(await mayMount())) {
      const hint = `Make ${closed} passable (chmod o+x), or move what is in it.`;
      throw new IsolationError('sandbox_path_unreachable', `Uid ${uid} can't reach ${path}. ${hint}`);
    }
    covers.add(closed);
    binds.set(path, { path, writable: need.writable, isDirectory: found.isDirectory() });
  }
  if (covers.size === 0) return undefined;
  const all = [...binds.values()];
  // What lies inside another needed path comes with it, unless it is to be written and the other isn't.
  const inside = (bind: Bind, outer: Bind) => outer !== bind && bind.path.startsWith(`${outer.path}${sep}`);
  const kept = all.filter((bind) => !all.some((outer) => inside(bind, outer) && (outer.writable || !bind.writable)));
  return { covers: [...covers], binds: kept.sort((a, b) => a.path.length - b.path.length) };
}

/** Descriptors that the script holds the sources with, while their places are covered. */
const firstDescriptor = 20;

/**
 * Bash that builds the stage; runs as root inside `unshare --mount --propagation private`.
 * `--no-canonicalize`: mount would turn /proc/self/fd/N back into the path, which is covered by then.
 */
export function stageScript({ covers, binds, own }: Stage): string[] {
  const opens = binds.map(({ path }, index) => `exec ${firstDescriptor + index}< ${quote(path)}`);
  const mounts = covers.map(
    (dir) => `mount -n -t tmpfs -o mode=0755,size=1m,nosuid,nodev,noexec ash-stage ${quote(dir)}`,
  );
  const places = binds.map(({ path, isDirectory }) =>
    isDirectory ? `mkdir -p ${quote(path)}` : `mkdir -p ${quote(dirname(path))} && : > ${quote(path)}`,
  );
  const back = binds.map(({ path, writable }, index) => {
    const fd = firstDescriptor + index;
    const how = writable ? 'nosuid,nodev' : 'ro,nosuid,nodev';
    return `mount -n --no-canonicalize --bind -o ${how} /proc/self/fd/${fd} ${quote(path)} && exec ${fd}<&-`;
  });
  return ['umask 022', ...opens, ...(own === undefined ? [] : letGoOfOthers(own)), ...mounts, ...places, ...back];
}

/** Lazily and all in one: at a thousand sessions, that many commands would take seconds. */
export function letGoOfOthers(own: string): string[] {
  return [
    'mapfile -t lines < /proc/self/mountinfo; others=()',
    `for line in "\${lines[@]}"; do`,
    '  read -r _ _ _ _ place _ <<< "$line"',
    `  case $place in ${quote(own)}/disk) ;; */sandboxes/*/disk) others+=("$place") ;; esac`,
    'done',
    `[ \${#others[@]} -eq 0 ] || umount -n -l -- "\${others[@]}" || true`,
  ];
}
