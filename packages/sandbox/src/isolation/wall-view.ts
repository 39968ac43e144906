/** What is seen inside a wall: a made-up root with nothing of the host that isn't listed here. The same for every provider. */
import { lstat, mkdir, readlink, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SandboxSpec } from './isolation.ts';
import { insideWall, layoutOf } from './layout.ts';

/** One thing to be seen, in the order in which they are put there. */
export type Entry =
  | { kind: 'bind'; from: string; to: string; writable: boolean; isDirectory: boolean }
  | { kind: 'link'; to: string; target: string }
  | { kind: 'proc'; to: string }
  | { kind: 'dev'; to: string }
  | { kind: 'tmpfs'; to: string; bytes: number }
  /** A file that is covered by an empty one. */
  | { kind: 'mask'; to: string };

/** Facts about the host that every wall on it shares; found once. */
export interface HostFacts {
  /** Folder with the made-up files of /etc. */
  etcDir: string;
  /** The host's programs and the files of /etc that are no secret. */
  system: readonly Entry[];
  /** Files of /proc to hide, present on this kernel. */
  hiddenProc: readonly string[];
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

export async function findHostFacts(stateDir: string): Promise<HostFacts> {
  const etcDir = join(stateDir, 'etc');
  await mkdir(etcDir, { recursive: true, mode: 0o755 });
  for (const [name, text] of Object.entries(madeEtc)) await writeFile(join(etcDir, name), text, { mode: 0o644 });
  const system: Entry[] = [shown('/usr')];
  for (const dir of ['/bin', '/sbin', '/lib', '/lib32', '/libx32', '/lib64']) {
    const found = await lstat(dir).catch(() => undefined);
    if (found?.isSymbolicLink()) system.push({ kind: 'link', to: dir, target: await readlink(dir) });
    else if (found?.isDirectory()) system.push(shown(dir));
  }
  for (const name of sharedEtc) {
    const found = await stat(`/etc/${name}`).catch(() => undefined);
    if (found) system.push(shown(`/etc/${name}`, found.isDirectory()));
  }
  for (const name of Object.keys(madeEtc)) {
    system.push({ ...shown(`/etc/${name}`, false), from: join(etcDir, name) });
  }
  const hiddenProc: string[] = [];
  for (const name of secretiveProc) {
    if (await lstat(`/proc/${name}`).catch(() => undefined)) hiddenProc.push(`/proc/${name}`);
  }
  return { etcDir, system, hiddenProc };
}

/** Read-only, where it is on the host. */
const shown = (path: string, isDirectory = true) =>
  ({ kind: 'bind', from: path, to: path, writable: false, isDirectory }) as const;

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

/** @param ownTmp the sandbox has a `tmp` folder of its own, which then is /tmp */
export function viewOf({ sandboxDir, runtimeDir, limits }: SandboxSpec, facts: HostFacts, ownTmp: boolean): Entry[] {
  const layout = layoutOf(sandboxDir);
  const tmpBytes = Math.min(limits.tmpBytes, Math.floor(limits.memoryBytes / 4));
  const folder = (from: string, to: string, writable: boolean): Entry => ({
    ...{ kind: 'bind', from, to, writable, isDirectory: true },
  });
  return [
    ...facts.system,
    { kind: 'proc', to: '/proc' },
    ...facts.hiddenProc.map((to): Entry => ({ kind: 'mask', to })),
    { kind: 'dev', to: '/dev' },
    { kind: 'tmpfs', to: '/dev/shm', bytes: Math.min(shmBytes, tmpBytes) },
    ownTmp ? folder(layout.tmp, insideWall.tmp, true) : { kind: 'tmpfs', to: insideWall.tmp, bytes: tmpBytes },
    folder(layout.workspace, insideWall.workspace, true),
    folder(layout.home, insideWall.home, true),
    folder(layout.run, insideWall.run, false),
    folder(runtimeDir, insideWall.runtime, false),
  ];
}
