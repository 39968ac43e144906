/** What would hold sandboxes in on this machine, found by trying, as a table for people: `ash doctor` prints it. */
import type { Enforced } from '@ash-ai/shared/contract';
import { whyNoImages } from '../disk/image.ts';
import { createBubblewrapIsolation } from './bubblewrap.ts';
import type { Isolation } from './isolation.ts';
import { createOciIsolation } from './oci.ts';
import { createProcessIsolation } from './process.ts';
import { selfTest } from './self-test.ts';

export interface WallRow {
  /** What is to hold. */
  name: string;
  enforced: boolean;
  /** What holds it; "nothing" when nothing does. */
  how: string;
  /** What follows from it and what to do; empty when enforced. */
  fix: string;
}

/** Below those of any server. */
const trialUids = { wall: 199_996, bridge: 199_997 };

/**
 * Raises a wall, runs the self-test in it and makes trial groups. Leaves nothing behind, and never throws for what it finds.
 * @param isolation `bubblewrap`, `oci` or `process`
 * @param ociRuntime name or path of the runtime of `oci`; default: the first that is installed
 * @param scratchDir an empty folder of the caller's own, on the file system of the data folder
 */
export async function inspectWalls({
  isolation: name,
  ociRuntime,
  scratchDir,
}: {
  isolation: string;
  ociRuntime?: string | undefined;
  scratchDir: string;
}): Promise<WallRow[]> {
  let isolation: Isolation;
  try {
    isolation = await made(name, scratchDir, ociRuntime);
  } catch (error) {
    const fix = error instanceof Error ? error.message : String(error);
    return [{ name: 'walls', enforced: false, how: 'nothing', fix }];
  }
  const disk = isolation.name === 'process' ? 'none' : await diskHeldBy(isolation, scratchDir);
  return [...(await tried(isolation, scratchDir)), ...wallRows(isolation.name, { ...isolation.capabilities(), disk })];
}

async function made(name: string, stateDir: string, runtime: string | undefined): Promise<Isolation> {
  if (name === 'process') return createProcessIsolation();
  if (name === 'bubblewrap') return await createBubblewrapIsolation({ stateDir });
  if (name === 'oci') return await createOciIsolation({ stateDir, runtime });
  throw new TypeError(`There is no ${name} isolation: it is bubblewrap, oci or process.`);
}

async function diskHeldBy(isolation: Isolation, dir: string): Promise<Enforced['disk']> {
  return isolation.capabilities().privateUids && (await whyNoImages(dir)) === undefined ? 'image' : 'watchdog';
}

async function tried(isolation: Isolation, dir: string): Promise<WallRow[]> {
  if (isolation.name === 'process') return [];
  const uids = isolation.capabilities().privateUids ? { uids: trialUids } : {};
  const failure = await selfTest(isolation, { dir, ...uids }).then(
    (checks) => checks.flatMap(({ check, ok, reason }) => (ok ? [] : [`not so: ${check} (${reason})`])).join('; '),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  const held = failure === '';
  return [{ name: 'self-test', enforced: held, how: held ? 'known-bad actions fail' : 'nothing', fix: failure }];
}

const names = {
  cgroup2: 'cgroup 2',
  cgroup1: 'cgroup 1',
  rlimit: 'a limit per sandbox (rlimit)',
  image: 'a disk of its own',
  watchdog: 'a look every few seconds',
  'pid-namespace': 'the pid namespace',
  'process-group': 'the process group',
  none: 'nothing',
} as const;

/** Many machines have both kinds: the second without controllers, which can't limit, but is the one that kills all at once. */
function hybrid(memory: Enforced['memory'], kill: Enforced['kill']): Partial<WallRow> {
  if (memory !== 'cgroup1' || kill !== 'cgroup2') return {};
  return { how: 'cgroup 2, which this machine has beside cgroup 1 and uses for this alone' };
}

/** What to do about limits that no group holds, by what groups there are. */
function groupsFor({ memory, cpu, kill }: Enforced): string {
  const container = 'In a container, limit the container.';
  if (memory === 'cgroup1' || cpu === 'cgroup1') {
    return `This machine has cgroup 1, but not this controller of it: mount it below /sys/fs/cgroup. ${container}`;
  }
  if (kill === 'cgroup2') {
    return `This machine has cgroup 2, but hands this controller to nobody here: set Delegate=yes under systemd, or add it to cgroup.subtree_control above the server's group. ${container}`;
  }
  return `There are no control groups that this server may make: start it as root, or with Delegate=yes under systemd. ${container}`;
}

/** The table for an isolation and what it enforces. Pure. */
export function wallRows(isolation: string, enforced: Enforced): WallRow[] {
  const row = (name: string, held: boolean, how: string, fix: string): WallRow => ({
    ...{ name, enforced: held, how: held ? how : 'nothing', fix: held ? '' : fix },
  });
  const limit = (name: string, by: keyof typeof names, fix: string): WallRow => ({
    ...row(name, by !== 'none' && by !== 'process-group', names[by], fix),
    how: names[by],
  });
  const { memory, pids, cpu, disk, kill, files, network, syscalls, privateUids } = enforced;
  const walls = 'Set ASH_ISOLATION=bubblewrap.';
  const groups = groupsFor(enforced);
  return [
    row('files of the host and of others', files, isolation, `Agents read what the server reads. ${walls}`),
    row('network', network, 'a namespace with loopback alone', `Agents reach what the server reaches. ${walls}`),
    row('system calls', syscalls, 'a filter', `Agents may ask the kernel for anything. ${walls}`),
    row(
      'kernel users of its own',
      privateUids,
      'two uids per sandbox',
      'Sandboxes are kept apart by namespaces alone. Start the server as root.',
    ),
    limit('memory', memory, `One agent can use up the memory. ${groups}`),
    limit('processes', pids, 'One agent can use up the process table.'),
    limit('processor time', cpu, `One agent can take all of it. ${groups}`),
    limit('disk', disk, 'One agent can fill the disk.'),
    { ...limit('end of everything inside', kill, `What detaches itself lives on. ${walls}`), ...hybrid(memory, kill) },
  ];
}
