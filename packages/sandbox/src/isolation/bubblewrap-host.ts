/** What bubblewrap needs of this machine, found by trying before any sandbox is made. */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { adviceFor, surroundings } from './advice.ts';
import { captured } from './captured.ts';
import { type CgroupHost, detectCgroups } from './cgroup-host.ts';
import { IsolationError } from './isolation.ts';
import { needLinux, needProgram, removeLeftovers } from './needs.ts';
import { type FilterSwitches, seccompFilter } from './seccomp.ts';
import { bash, dropTo, launcherEnv } from './shell.ts';
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

const programs = ['/usr/bin/setpriv', '/usr/bin/prlimit', '/usr/bin/env', '/usr/bin/cat'];

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
