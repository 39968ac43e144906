/** The OCI runtime of this machine, found by having it make a container. */
import { access } from 'node:fs/promises';
import { type CgroupHost, detectCgroups } from './cgroup-host.ts';
import { IsolationError } from './isolation.ts';
import { needLinux, needProgram, removeLeftovers } from './needs.ts';
import type { FilterSwitches } from './seccomp.ts';
import { bash } from './shell.ts';
import type { Architecture } from './syscalls.ts';
import { findHostFacts } from './wall-view.ts';
import type { WalledHost } from './walled.ts';

/** Runtimes that take a bundle, and how they are told to leave control groups alone. */
const runtimes = {
  runc: { paths: ['/usr/sbin/runc', '/usr/bin/runc'], globals: ['--rootless=true'] },
  crun: { paths: ['/usr/bin/crun'], globals: ['--cgroup-manager=disabled'] },
} as const;

export type OciRuntimeName = keyof typeof runtimes;

export interface OciOptions {
  /** Folder of the server's own, where files that all walls share are kept. */
  stateDir: string;
  /** Default: the first that is installed, in the order runc, crun. */
  runtime?: OciRuntimeName;
  filter?: FilterSwitches;
  /** False goes without cgroups even where they work. Default true. */
  cgroups?: boolean;
}

export interface OciHost extends WalledHost {
  runtime: { name: OciRuntimeName; path: string; globals: readonly string[] };
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
  return { isRoot: true, cgroups, facts, stateDir, runtime, arch, filter: options.filter ?? {} };
}

async function findRuntime(wanted: OciRuntimeName | undefined): Promise<OciHost['runtime']> {
  const names = wanted === undefined ? (Object.keys(runtimes) as OciRuntimeName[]) : [wanted];
  for (const name of names) {
    const { paths, globals } = runtimes[name];
    for (const path of paths) if (await isThere(path)) return { name, path, globals };
  }
  throw new IsolationError(
    'isolation_unavailable',
    `No OCI runtime is here (${names.join(', ')}); install one (apt-get install ${names[0]}).`,
  );
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
