/** What bubblewrap needs of this machine, found by trying before any sandbox is made. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adviceFor, surroundings } from './advice.ts';
import { captured } from './captured.ts';
import { type CgroupHost, detectCgroups } from './cgroup-host.ts';
import { IsolationError } from './isolation.ts';
import { type FilterSwitches, seccompFilter } from './seccomp.ts';
import { bash, dropTo, launcherEnv } from './shell.ts';
import type { Architecture } from './syscalls.ts';
import { findHostFacts } from './wall-view.ts';
import type { WalledHost } from './walled.ts';

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
export interface BubblewrapHost extends WalledHost {
  bwrap: string;
  filterFile: string;
  /** Whether `--disable-userns` works here. */
  disableUserns: boolean;
}

/** @throws IsolationError `isolation_unavailable` when a program is missing or a wall can't be raised here */
export async function findBubblewrapHost(options: BubblewrapOptions): Promise<BubblewrapHost> {
  const bwrap = options.bwrap ?? '/usr/bin/bwrap';
  const { stateDir } = options;
  const isRoot = process.geteuid?.() === 0;
  const arch = needLinux();
  for (const program of [bwrap, bash[0], ...programs]) await needProgram(program);
  const cgroups: CgroupHost = options.cgroups === false ? { v1: {} } : await detectCgroups();
  const disableUserns = await provesItself(bwrap, isRoot);
  const facts = await findHostFacts(stateDir);
  await removeLeftovers(stateDir);
  const filterFile = join(stateDir, 'seccomp.bpf');
  await writeFile(filterFile, seccompFilter(arch, options.filter), { mode: 0o600 });
  return { bwrap, isRoot, cgroups, facts, disableUserns, filterFile, stateDir };
}

/** @throws IsolationError `isolation_unavailable` where no provider has walls */
export function needLinux(): Architecture {
  const { platform, arch } = process;
  if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return arch;
  throw new IsolationError('isolation_unavailable', `Walls need Linux on x64 or arm64, not ${platform} on ${arch}.`);
}

/** Files that are there for a moment only, of a server that was killed in that moment. */
export async function removeLeftovers(stateDir: string): Promise<void> {
  const names = await readdir(stateDir);
  const left = names.filter((name) => name.startsWith('options-') || name.startsWith('self-test'));
  for (const name of left) await rm(join(stateDir, name), { recursive: true, force: true });
}

const packageOf: Readonly<Record<string, string>> = {
  '/usr/bin/bwrap': 'bubblewrap',
  '/usr/bin/env': 'coreutils',
  '/usr/bin/cat': 'coreutils',
  '/usr/bin/bash': 'bash',
  '/usr/bin/perl': 'perl-base',
  '/usr/sbin/runc': 'runc',
  '/usr/bin/crun': 'crun',
  '/usr/bin/runsc': 'runsc',
};
const programs = ['/usr/bin/setpriv', '/usr/bin/prlimit', '/usr/bin/env', '/usr/bin/cat'];

/** @throws IsolationError `isolation_unavailable` naming the package */
export async function needProgram(path: string): Promise<void> {
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
