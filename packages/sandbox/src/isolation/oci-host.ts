/** The OCI runtime of this machine, found by having it make a container. */
import { execFile } from 'node:child_process';
import { access } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';
import { promisify } from 'node:util';
import { type CgroupHost, detectCgroups } from './cgroup-host.ts';
import { IsolationError } from './isolation.ts';
import { needLinux, needProgram, removeLeftovers } from './needs.ts';
import type { FilterSwitches } from './seccomp.ts';
import { bash } from './shell.ts';
import type { Architecture } from './syscalls.ts';
import { findHostFacts } from './wall-view.ts';
import type { WalledHost } from './walled.ts';

interface Runtime {
  paths: readonly string[];
  /** How it is told to leave control groups alone, among other things. */
  globals: readonly string[];
  /** Whether it runs what is inside on a kernel of its own: then it passes on no descriptors, and needs no filter. */
  ownKernel: boolean;
  /** Whether it is taken without being asked for. */
  byItself: boolean;
}

/** Runtimes that take a bundle. */
const runtimes = {
  runc: { paths: ['/usr/sbin/runc', '/usr/bin/runc'], globals: ['--rootless=true'], ownKernel: false, byItself: true },
  crun: { paths: ['/usr/bin/crun'], globals: ['--cgroup-manager=disabled'], ownKernel: false, byItself: true },
  runsc: {
    paths: ['/usr/local/bin/runsc', '/usr/bin/runsc'],
    globals: ['--network=none', '--ignore-cgroups'],
    ownKernel: true,
    byItself: false,
  },
} as const satisfies Record<string, Runtime>;

export type OciRuntimeName = keyof typeof runtimes;
export const ociRuntimeNames = Object.keys(runtimes) as [OciRuntimeName, ...OciRuntimeName[]];

export interface OciOptions {
  /** Folder of the server's own, where files that all walls share are kept. */
  stateDir: string;
  /** A name, or a path whose last part is one. Default: the first that is installed, in the order runc, crun. */
  runtime?: string | undefined;
  filter?: FilterSwitches;
  /** False goes without cgroups even where they work. Default true. */
  cgroups?: boolean;
}

export interface OciHost extends WalledHost {
  runtime: { name: OciRuntimeName; path: string; globals: readonly string[]; ownKernel: boolean };
  arch: Architecture;
  filter: FilterSwitches;
}

const programs = ['/usr/bin/perl', '/usr/bin/setpriv', '/usr/bin/prlimit', '/usr/bin/env', '/usr/bin/unshare'];

/** @throws IsolationError `isolation_unavailable` when a program or a right is missing */
export async function findOciHost(options: OciOptions): Promise<OciHost> {
  const arch = needLinux();
  if (process.geteuid?.() !== 0) {
    throw new IsolationError(
      'isolation_unavailable',
      'Oci isolation maps kernel users, which only root may. Run the server as root, or use ASH_ISOLATION=bubblewrap.',
    );
  }
  for (const program of [bash[0], ...programs]) await needProgram(program);
  const runtime = await findRuntime(options.runtime);
  const { stateDir } = options;
  const cgroups: CgroupHost = options.cgroups === false ? { v1: {} } : await detectCgroups();
  const facts = await findHostFacts(stateDir);
  await removeLeftovers(stateDir);
  // Threads of runsc's kernel, which breaks down when it gets no more: the release of 2022 needed more than 128 for some shells.
  const own = runtime.ownKernel ? { ownKernel: true, ownThreads: 1024 } : {};
  return { isRoot: true, ...own, cgroups, facts, stateDir, runtime, arch, filter: options.filter ?? {} };
}

async function findRuntime(wanted: string | undefined): Promise<OciHost['runtime']> {
  const named = wanted === undefined ? undefined : ociRuntimeNames.find((name) => name === basename(wanted));
  if (wanted !== undefined && named === undefined) {
    throw new IsolationError(
      'isolation_unavailable',
      `${wanted} is no OCI runtime that Ash knows: ${ociRuntimeNames.join(', ')}.`,
    );
  }
  const names = named === undefined ? ociRuntimeNames.filter((name) => runtimes[name].byItself) : [named];
  for (const name of names) {
    const { paths, globals, ownKernel } = runtimes[name];
    for (const path of wanted !== undefined && isAbsolute(wanted) ? [wanted] : paths) {
      if (!(await isThere(path))) continue;
      return { name, path, ownKernel, globals: ownKernel ? [...globals, ...(await flagsOf(path))] : globals };
    }
  }
  const where =
    wanted !== undefined && isAbsolute(wanted) ? `${wanted} is not there` : `none of ${names.join(', ')} is installed`;
  throw new IsolationError(
    'isolation_unavailable',
    `No OCI runtime is here: ${where}; install one (apt-get install ${names[0]}).`,
  );
}

/** The one older release that was to be had (2022) ran commands, and hung with a whole session; none between was tried. */
const oldestRunsc = 20_230_501;

/** What a version of runsc has to be told, by the flags that it has. @throws IsolationError when it can't do it */
async function flagsOf(path: string): Promise<string[]> {
  const said = async (...args: string[]): Promise<string> => {
    const { stdout, stderr } = await promisify(execFile)(path, args).catch((cause: unknown) => {
      throw new IsolationError('isolation_unavailable', `${path} ${args.join(' ')} fails.`, { cause });
    });
    return stdout + stderr;
  };
  const [flags, version] = await Promise.all([said('flags'), said('--version')]);
  const has = (flag: string) => new RegExp(`^ *-${flag}\\b`, 'm').test(flags);
  const dated = Number(/\b(20\d{6})\b/.exec(version)?.[1] ?? Number.POSITIVE_INFINITY);
  if (dated < oldestRunsc || !has('host-uds')) {
    const what = version.split('\n')[0];
    throw new IsolationError(
      'isolation_unavailable',
      `${path} (${what}) is too old to run agents: install a release of gVisor from May 2023 or later.`,
    );
  }
  // Without an overlay: what is written must lie where the limits of the disk hold.
  return ['--host-uds=open', ...(has('overlay2') ? ['--overlay2=none'] : [])];
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
