/** What bubblewrap needs of this machine, found by trying before any sandbox is made. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adviceFor, surroundings } from './advice.ts';
import { findHostFacts, type HostFacts } from './bubblewrap-options.ts';
import { captured } from './captured.ts';
import { type CgroupHost, detectCgroups } from './cgroup-host.ts';
import { type Enforced, IsolationError } from './isolation.ts';
import { holderOf } from './limits.ts';
import { type FilterSwitches, seccompFilter } from './seccomp.ts';
import { bash, dropTo, launcherEnv } from './shell.ts';

export interface BubblewrapOptions {
  /** Folder of the server's own, where files that all walls share are kept. */
  stateDir: string;
  /** Default /usr/bin/bwrap. */
  bwrap?: string;
  filter?: FilterSwitches;
  /** False goes without cgroups even where they work. Default true. */
  cgroups?: boolean;
}

/** This machine, as walls on it need to know it. */
export interface BubblewrapHost {
  bwrap: string;
  isRoot: boolean;
  cgroups: CgroupHost;
  facts: HostFacts;
  filterFile: string;
  stateDir: string;
}

/** @throws IsolationError `isolation_unavailable` when a program is missing or a wall can't be raised here */
export async function findBubblewrapHost(options: BubblewrapOptions): Promise<BubblewrapHost> {
  const bwrap = options.bwrap ?? '/usr/bin/bwrap';
  const { stateDir } = options;
  const isRoot = process.geteuid?.() === 0;
  const arch = process.arch;
  if (process.platform !== 'linux' || (arch !== 'x64' && arch !== 'arm64')) {
    const here = `${process.platform} on ${arch}`;
    throw new IsolationError('isolation_unavailable', `Bubblewrap needs Linux on x64 or arm64, not ${here}.`);
  }
  for (const program of [bwrap, bash[0], ...programs]) await needProgram(program);
  const cgroups: CgroupHost = options.cgroups === false ? { v1: {} } : await detectCgroups();
  const facts = await findHostFacts(stateDir, await provesItself(bwrap, isRoot));
  await removeLeftovers(stateDir);
  const filterFile = join(stateDir, 'seccomp.bpf');
  await writeFile(filterFile, seccompFilter(arch, options.filter), { mode: 0o600 });
  return { bwrap, isRoot, cgroups, facts, filterFile, stateDir };
}

/** Files that are there for a moment only, of a server that was killed in that moment. */
async function removeLeftovers(stateDir: string): Promise<void> {
  const names = await readdir(stateDir);
  const left = names.filter((name) => name.startsWith('options-') || name.startsWith('self-test'));
  for (const name of left) await rm(join(stateDir, name), { recursive: true, force: true });
}

const packageOf: Readonly<Record<string, string>> = {
  '/usr/bin/bwrap': 'bubblewrap',
  '/usr/bin/env': 'coreutils',
  '/usr/bin/cat': 'coreutils',
  '/usr/bin/bash': 'bash',
};
const programs = ['/usr/bin/setpriv', '/usr/bin/prlimit', '/usr/bin/env', '/usr/bin/cat'];

export function enforcedOn({ cgroups, isRoot }: BubblewrapHost): Enforced {
  const pids = holderOf(cgroups, 'pids');
  return {
    memory: holderOf(cgroups, 'memory'),
    pids: pids === 'none' ? 'rlimit' : pids,
    cpu: holderOf(cgroups, 'cpu'),
    kill: cgroups.v2?.kill ? 'cgroup2' : Object.keys(cgroups.v1).length > 0 ? 'cgroup1' : 'pid-namespace',
    privateUids: isRoot,
    files: true,
    network: true,
    syscalls: true,
  };
}

async function needProgram(path: string): Promise<void> {
  await access(path, constants.X_OK).catch((cause: unknown) => {
    throw new IsolationError(
      'isolation_unavailable',
      `${path} is missing; install it (apt-get install ${packageOf[path] ?? 'util-linux'}).`,
      { cause },
    );
  });
}

/** Raises the smallest wall, with and then without `--disable-userns`, which some hosts refuse. */
async function provesItself(bwrap: string, isRoot: boolean): Promise<boolean> {
  const [file = '', ...drop] = dropTo(isRoot ? 65_534 : undefined);
  let why = '';
  for (const extra of [['--disable-userns'], []]) {
    const wall = [
      '--unshare-all',
      '--unshare-user',
      '--ro-bind',
      '/',
      '/',
      '--proc',
      '/proc',
      '--dev',
      '/dev',
      ...extra,
    ];
    const args = [...drop, bwrap, ...wall, '--', '/usr/bin/true'];
    const child = spawn(file, args, { env: launcherEnv, stdio: ['ignore', 'pipe', 'pipe'] });
    const result = await captured(child, { timeoutMs: 10_000, maxBytes: 65_536 }, () => child.kill('SIGKILL'));
    if (result.exitCode === 0) return extra.length > 0;
    why = result.stderr.toString().trim();
  }
  const advice = adviceFor(await surroundings());
  throw new IsolationError('isolation_unavailable', `Bubblewrap can't raise a wall here: ${why}\n${advice}`);
}
