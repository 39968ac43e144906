/** Walls by an OCI runtime: the same view, groups and filter as bubblewrap's, in a container's words; by runsc, a kernel of their own. */
import { lstat, realpath } from 'node:fs/promises';
import { type Isolation, IsolationError, type SandboxSpec } from './isolation.ts';
import { openNameless, openReadable } from './launch-files.ts';
import { hasTmp, insideWall } from './layout.ts';
import { bundleConfig, numberOf, skeleton } from './oci-bundle.ts';
import { findOciHost, type OciHost, type OciOptions } from './oci-host.ts';
import { ociSupervisor, runscSupervisor } from './oci-programs.ts';
import { ociSeccomp } from './seccomp-oci.ts';
import { ociLauncher } from './wall-script.ts';
import { viewOf } from './wall-view.ts';
import type { WallMaker } from './walled.ts';
import { walledIsolation } from './walled-isolation.ts';

export type { OciOptions, OciRuntimeName } from './oci-host.ts';

/**
 * Walls by runc, crun or runsc on this machine. Needs root.
 * @throws IsolationError `isolation_unavailable` when a program or a right is missing
 */
export async function createOciIsolation(options: OciOptions): Promise<Isolation> {
  return walledIsolation(ociMaker(await findOciHost(options)));
}

function ociMaker(host: OciHost): WallMaker {
  const { arch, facts, filter, stateDir, runtime } = host;
  const seccomp = runtime.ownKernel ? undefined : ociSeccomp([arch], filter);
  const script: WallMaker['sessionScript'] = async (parts, spec) => {
    const supervisor = supervisorOf(host, await scratchFor(spec, stateDir), parts.uid);
    return ociLauncher(parts, { supervisor, own: await realpath(spec.sandboxDir), ownPids: runtime.ownKernel });
  };
  return {
    ...{ name: 'oci', host },
    openFiles: async (spec, { nproc, cwd = insideWall.workspace, argv = [] }) => {
      const view = viewOf(spec, facts, await hasTmp(spec.sandboxDir));
      const rootDir = `${await scratchFor(spec, stateDir)}/root`;
      const { uids } = spec;
      if (uids === undefined) throw new IsolationError('isolation_unavailable', 'Oci isolation needs uids to map.');
      const wall = { view, arch, seccomp, ownKernel: runtime.ownKernel, rootDir, cwd, nproc, argv };
      const config = bundleConfig({ spec: { ...spec, uids }, ...wall });
      const texts = [JSON.stringify(config), skeleton(view)];
      return await openReadable(texts.map((text) => () => openNameless(stateDir, Buffer.from(text))));
    },
    sessionScript: script,
    commandScript: script,
  };
}

/**
 * Folders that every Linux has; one in which nothing lies that the wall needs is covered, in a mount namespace of the
 * launcher's own, by a tmpfs for what there is of the container besides its processes.
 */
const scratchFolders = ['/mnt', '/media', '/srv', '/dev/shm'];

async function scratchFor(spec: Pick<SandboxSpec, 'sandboxDir' | 'runtimeDir'>, stateDir: string): Promise<string> {
  const needed = await Promise.all([spec.sandboxDir, spec.runtimeDir, stateDir].map((path) => realpath(path)));
  for (const folder of scratchFolders) {
    const isFolder = (await lstat(folder).catch(() => undefined))?.isDirectory() === true;
    if (isFolder && !needed.some((path) => `${path}/`.startsWith(`${folder}/`))) return folder;
  }
  const hint = `Make one of ${scratchFolders.join(', ')}, or move the data folder out of it.`;
  throw new IsolationError('isolation_unavailable', `There is no folder for the container's scratch. ${hint}`);
}

function supervisorOf({ arch, runtime }: OciHost, scratch: string, uid: number | undefined): string[] {
  const calls = (['prctl', 'mount', 'umount2', 'dup3'] as const).map((call) => String(numberOf(call, arch)));
  const where = ['--root', `${scratch}/state`, '--log', `${scratch}/log`];
  const how = ['--detach', '--preserve-fds', '3', '--pid-file', `${scratch}/pid`, '--bundle', `${scratch}/bundle`];
  if (runtime.ownKernel) {
    const [prctl = '', mount = ''] = calls;
    const command = [runtime.path, ...runtime.globals, ...where, 'run', '--bundle', `${scratch}/bundle`, 'sandbox'];
    return ['/usr/bin/perl', '-e', runscSupervisor, prctl, mount, scratch, String(uid), ...command];
  }
  const command = [runtime.path, ...runtime.globals, ...where, 'run', ...how, 'sandbox'];
  return ['/usr/bin/perl', '-e', ociSupervisor, ...calls, scratch, String(uid), ...command];
}
