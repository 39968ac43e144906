/**
 * Writes one wall as an OCI bundle, for any runtime that takes one: `config.json`, and the skeleton of the root folder, whose
 * places must be there before anything can be put on them. Pure.
 */
import type { SandboxSpec } from './isolation.ts';
import { argvMark, ociInit } from './oci-programs.ts';
import type { OciSeccomp } from './seccomp-oci.ts';
import { type Architecture, syscalls } from './syscalls.ts';
import type { Entry } from './wall-view.ts';

export interface BundleParts {
  spec: SandboxSpec & { uids: NonNullable<SandboxSpec['uids']> };
  view: readonly Entry[];
  arch: Architecture;
  /** Undefined for a runtime with a kernel of its own, which asks the host's for next to nothing. */
  seccomp: OciSeccomp | undefined;
  /** Then the argv comes before the container is made, in place of {@link argvMark}; else its first process reads it. */
  ownKernel: boolean;
  /** Folder of the root on the host. */
  rootDir: string;
  cwd: string;
  nproc: number | undefined;
  /** Of a command; a session's comes over the command channel. */
  argv: readonly string[];
}

const systemMount = ['nosuid', 'nodev', 'noexec'];

/** The configuration, as of version 1.0.2 of the runtime specification. */
export function bundleConfig(parts: BundleParts): object {
  const { spec, view, arch, seccomp, ownKernel, rootDir, cwd, nproc, argv } = parts;
  const { uids, limits } = spec;
  // Nobody in there ever is root: the runtime itself is, while it puts the wall up.
  const mappings = [
    { containerID: 0, hostID: uids.wall + 2, size: 1 },
    { containerID: 1000, hostID: uids.wall, size: 1 },
  ];
  const masked = view.flatMap((entry) => (entry.kind === 'mask' ? [entry.to] : []));
  const init = [ociInit, String(numberOf('prctl', arch)), cwd, String(nproc ?? 0)];
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user: { uid: 1000, gid: 1000, umask: 0o077 },
      args: ownKernel ? [argvMark] : ['/usr/bin/env', '-i', '/usr/bin/perl', '-e', ...init, ...argv],
      env: [],
      cwd: ownKernel ? cwd : '/',
      capabilities: { bounding: [], effective: [], permitted: [], inheritable: [], ambient: [] },
      rlimits: [
        rlimit('RLIMIT_CORE', 0),
        rlimit('RLIMIT_NOFILE', limits.openFiles),
        rlimit('RLIMIT_FSIZE', limits.fileBytes),
      ],
      noNewPrivileges: true,
      oomScoreAdj: 800,
    },
    root: { path: rootDir, readonly: true },
    hostname: 'sandbox',
    mounts: view.flatMap((entry) => mountsOf(entry, ownKernel)),
    linux: {
      uidMappings: mappings,
      gidMappings: mappings,
      namespaces: ['pid', 'network', 'ipc', 'uts', 'mount', 'user', 'cgroup'].map((type) => ({ type })),
      maskedPaths: masked,
      readonlyPaths: ['/proc/sys', '/proc/sysrq-trigger', '/proc/bus', '/proc/fs', '/proc/irq'],
      ...(seccomp === undefined ? {} : { seccomp }),
    },
  };
}

/** Number of a call; those that launchers need are on every processor. */
export function numberOf(call: 'prctl' | 'mount' | 'umount2' | 'dup3', arch: Architecture): number {
  const extra = { prctl: [157, 167], dup3: [292, 24] } as const;
  const numbers = call === 'prctl' || call === 'dup3' ? extra[call] : syscalls[call];
  return numbers[arch === 'x64' ? 0 : 1];
}

function rlimit(type: string, value: number) {
  return { type, soft: value, hard: value };
}

interface Mount {
  destination: string;
  type: string;
  source: string;
  options: string[];
}

/** @param ownKernel whether the devices are those of another kernel, which can't be written to where they lie read-only */
function mountsOf(entry: Entry, ownKernel: boolean): Mount[] {
  const mount = (type: string, source: string, options: string[], destination = entry.to): Mount => ({
    ...{ destination, type, source, options },
  });
  switch (entry.kind) {
    case 'bind':
      return [mount('bind', entry.from, ['bind', 'private', entry.writable ? 'rw' : 'ro', 'nosuid', 'nodev'])];
    case 'proc':
      return [mount('proc', 'proc', systemMount)];
    case 'dev': {
      const terminals = ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620'];
      return [
        mount('tmpfs', 'tmpfs', ['nosuid', 'mode=755', 'size=64k', ...(ownKernel ? [] : ['ro'])]),
        mount('devpts', 'devpts', terminals, `${entry.to}/pts`),
      ];
    }
    case 'tmpfs':
      return [mount('tmpfs', 'tmpfs', ['nosuid', 'nodev', 'mode=1777', `size=${entry.bytes}`])];
    default:
      return [];
  }
}

/** The root folder's content: `d path`, `t path` (open to all), `f path` or `l path target` in order, all ended by NUL. */
export function skeleton(view: readonly Entry[]): string {
  const lines = new Set<string>();
  const folders = (path: string): void => {
    const parts = path.split('/').slice(1);
    parts.forEach((_, index) => {
      lines.add(`d /${parts.slice(0, index + 1).join('/')}`);
    });
  };
  for (const entry of view) {
    // What lies below these is made by the runtime, on top of them.
    if (entry.kind === 'mask' || entry.to.startsWith('/dev/')) continue;
    const isFolder = entry.kind !== 'link' && (entry.kind !== 'bind' || entry.isDirectory);
    folders(isFolder ? entry.to : entry.to.slice(0, entry.to.lastIndexOf('/')));
    // A runtime may give what it mounts the mode of the place.
    if (entry.kind === 'tmpfs') lines.add(`t ${entry.to}`);
    if (entry.kind === 'link') lines.add(`l ${entry.to} ${entry.target}`);
    else if (!isFolder) lines.add(`f ${entry.to}`);
  }
  lines.delete('d /');
  return [...lines].map((line) => `${line}\0`).join('');
}
