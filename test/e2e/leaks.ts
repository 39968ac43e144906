/** Proof that nothing of a server is left: processes, mounts, control groups, folders. What is its own is told by its data folder. */
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** A process that belongs to a server or to one of its sandboxes. */
export interface Found {
  pid: number;
  /** Its command line, blanks for the zero bytes. */
  command: string;
}

/**
 * Processes that have to do with a data folder: by command line, environment, working directory or by what is mounted
 * in their namespace. So it also finds what is inside a wall, where nothing bears a name of the host.
 */
export function processesOf(dataDir: string): Found[] {
  const found: Found[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim();
    const texts = [
      command,
      read(`/proc/${pid}/environ`),
      link(`/proc/${pid}/cwd`),
      mountedFrom(read(`/proc/${pid}/mountinfo`)),
    ];
    if (texts.some((text) => text.includes(dataDir)) && runs(pid)) found.push({ pid, command });
  }
  return found;
}

/** Lines of our own mount table that name a folder. */
export function mountsOf(dir: string): string[] {
  return read('/proc/self/mountinfo')
    .split('\n')
    .filter((line) => line.includes(dir));
}

/** What is mounted, not where: a namespace that was just made still has the disks of all other sandboxes. */
function mountedFrom(mountinfo: string): string {
  return mountinfo
    .split('\n')
    .map((line) => line.split(' ')[3] ?? '')
    .join('\n');
}

function runs(pid: number): boolean {
  const status = read(`/proc/${pid}/status`);
  // Without memory it is past its end, though the kernel has not taken it off the list.
  return status !== '' && !/^State:\s+Z/m.test(status) && /^VmSize:/m.test(status);
}

/** Control groups made for one server alone: what it leaves below them is a leak. */
export class OwnGroups {
  /** Where a process writes its pid to join; empty when this user may not make groups. */
  readonly dirs: readonly string[];

  constructor(name: string) {
    this.dirs = ownHierarchies().flatMap((parent) => {
      const dir = join(parent, name);
      try {
        mkdirSync(dir);
        return [dir];
      } catch {
        return [];
      }
    });
    if (this.dirs.length === 0) console.warn('leak check: control groups are not looked at, none can be made here');
  }

  /** Groups that are left below, but for the leaf that a server steps into on hosts with cgroup 2 only. */
  left(): string[] {
    return this.dirs
      .flatMap((dir) => foldersIn(dir).map((name) => join(dir, name)))
      .filter((dir) => !(dir.endsWith('/ash-server') && foldersIn(dir).length === 0));
  }

  /** Removes what can be removed by now; a process that is on its way out still holds its group. True when all are gone. */
  remove(): boolean {
    for (const dir of this.dirs) removeGroup(dir);
    return this.dirs.every((dir) => !existsSync(dir));
  }
}

/** The directories of this process's own groups, in every hierarchy in which a server would make some. */
function ownHierarchies(): string[] {
  const own = new Map<string, string>();
  for (const line of read('/proc/self/cgroup').trim().split('\n')) {
    const [, names = '', ...path] = line.split(':');
    for (const name of names.split(',')) own.set(name, path.join(':'));
  }
  const dirs: string[] = [];
  for (const line of read('/proc/self/mountinfo').trim().split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', mountPoint = ''] = before.split(' ');
    const [type, , options = ''] = after.split(' ');
    const names = type === 'cgroup2' ? [''] : type === 'cgroup' ? options.split(',') : [];
    const path = own.get(names.find((name) => ['', 'memory', 'pids', 'cpu'].includes(name)) ?? 'none');
    if (path === undefined || !path.startsWith(root)) continue;
    dirs.push(join(mountPoint, root === '/' ? path : path.slice(root.length)));
  }
  return dirs;
}

function removeGroup(dir: string): void {
  for (const name of foldersIn(dir)) removeGroup(join(dir, name));
  try {
    rmdirSync(dir);
  } catch {
    // Gone already, or something is left in it.
  }
}

function foldersIn(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
}

/** The text of a file of /proc; empty when its process is gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
