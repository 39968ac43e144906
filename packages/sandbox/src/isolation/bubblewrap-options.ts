/** Bubblewrap's options for one wall: namespaces, a minimal made-up root, and nothing of the host that isn't listed here. */
import { access, lstat, mkdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { wallChannels } from './channels.ts';
import type { SandboxSpec } from './isolation.ts';
import { insideWall, layoutOf } from './layout.ts';

/** Facts about the host that every wall on it shares; found once. */
export interface HostFacts {
  /** Folder with the made-up files of /etc. */
  etcDir: string;
  /** Options that show the host's /bin, /sbin, /lib and /lib64. */
  rootLinks: readonly string[];
  /** Files of /proc to hide, present on this kernel. */
  hiddenProc: readonly string[];
  /** Whether `--disable-userns` works here; the filter refuses user namespaces in any case. */
  disableUserns: boolean;
}

const madeEtc: Readonly<Record<string, string>> = {
  passwd:
    'root:x:0:0:root:/root:/usr/sbin/nologin\nagent:x:1000:1000:agent:/home/agent:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n',
  group: 'root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n',
  hosts: '127.0.0.1 localhost sandbox\n::1 localhost\n',
  'resolv.conf': '# No names are resolved in here; requests go through the proxy.\n',
  'nsswitch.conf': 'passwd: files\ngroup: files\nhosts: files\n',
};
const sharedEtc = [
  'alternatives',
  'ld.so.cache',
  'ssl',
  'ca-certificates',
  'localtime',
  'protocols',
  'services',
  'mime.types',
];
const secretiveProc = ['config.gz', 'kallsyms', 'keys', 'key-users', 'timer_list', 'cmdline', 'sched_debug', 'kcore'];
const shmBytes = 64 * 1024 * 1024;

export async function findHostFacts(stateDir: string, disableUserns: boolean): Promise<HostFacts> {
  const etcDir = join(stateDir, 'etc');
  await mkdir(etcDir, { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(madeEtc)) await writeFile(join(etcDir, name), text, { mode: 0o644 });
  const rootLinks: string[] = [];
  for (const dir of ['/bin', '/sbin', '/lib', '/lib32', '/libx32', '/lib64']) {
    const found = await lstat(dir).catch(() => undefined);
    if (found?.isSymbolicLink()) rootLinks.push('--symlink', await readlink(dir), dir);
    else if (found?.isDirectory()) rootLinks.push('--ro-bind', dir, dir);
  }
  const hiddenProc: string[] = [];
  for (const name of secretiveProc) {
    const path = `/proc/${name}`;
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) hiddenProc.push(path);
  }
  return { etcDir, rootLinks, hiddenProc, disableUserns };
}

/** Host folders that the wall's uid must reach. */
export function wallNeeds(spec: Pick<SandboxSpec, 'sandboxDir' | 'runtimeDir'>, facts: HostFacts, ownTmp: boolean) {
  const layout = layoutOf(spec.sandboxDir);
  const writable = [layout.workspace, layout.home, ...(ownTmp ? [layout.tmp] : [])];
  const readable = [layout.run, spec.runtimeDir, facts.etcDir];
  return [
    ...writable.map((path) => ({ path, writable: true })),
    ...readable.map((path) => ({ path, writable: false })),
  ];
}

export interface WallOptions {
  spec: SandboxSpec;
  facts: HostFacts;
  /** The sandbox has a `tmp` folder of its own, which then is /tmp. */
  ownTmp: boolean;
  cwd?: string;
}

/** Options as NUL-ended strings for `bwrap --args`: on a command line, /proc/1/cmdline would show every host path inside. */
export function wallOptions({ spec, facts, ownTmp, cwd = insideWall.workspace }: WallOptions): Buffer {
  const layout = layoutOf(spec.sandboxDir);
  const { limits } = spec;
  const tmpBytes = Math.min(limits.tmpBytes, Math.floor(limits.memoryBytes / 4));
  const options = [
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup'],
    ...(facts.disableUserns ? ['--disable-userns'] : []),
    ...['--die-with-parent', '--new-session', '--hostname', 'sandbox', '--uid', '1000', '--gid', '1000'],
    ...['--ro-bind', '/usr', '/usr', ...facts.rootLinks],
    ...sharedEtc.flatMap((name) => ['--ro-bind-try', `/etc/${name}`, `/etc/${name}`]),
    ...Object.keys(madeEtc).flatMap((name) => ['--ro-bind', join(facts.etcDir, name), `/etc/${name}`]),
    ...['--proc', '/proc', ...facts.hiddenProc.flatMap((path) => ['--ro-bind', '/dev/null', path])],
    ...['--dev', '/dev', '--perms', '1777', '--size', String(Math.min(shmBytes, tmpBytes)), '--tmpfs', '/dev/shm'],
    ...(ownTmp
      ? ['--bind', layout.tmp, insideWall.tmp]
      : ['--perms', '1777', '--size', String(tmpBytes), '--tmpfs', insideWall.tmp]),
    ...['--bind', layout.workspace, insideWall.workspace, '--bind', layout.home, insideWall.home],
    ...['--ro-bind', layout.run, insideWall.run, '--ro-bind', spec.runtimeDir, insideWall.runtime],
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', cwd],
    ...['--seccomp', String(wallChannels.filter), '--json-status-fd', String(wallChannels.status)],
  ];
  return Buffer.from(options.map((option) => `${option}\0`).join(''));
}
