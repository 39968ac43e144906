/**
 * Tries known-bad actions inside a real wall, where they must fail; a server doesn't serve when one succeeds.
 * They would do harm if they ran outside (a mount over /tmp, say), so nothing is tried before it is proven that the
 * shell has left the server's namespaces.
 */
import { once } from 'node:events';
import { chmod, lstat, mkdir, readlink, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { release } from 'node:os';
import { join } from 'node:path';
import { type Isolation, IsolationError, type Limits, type UidPair } from './isolation.ts';
import { layoutOf, makeSandboxDir } from './layout.ts';
import { identify } from './proc.ts';
import { quote } from './shell.ts';

export interface Check {
  check: string;
  ok: boolean;
  /** What happened instead; empty when ok. */
  reason: string;
}

export interface SelfTestOptions {
  /** A folder of the server's own, in which a sandbox is made for the moment. */
  dir: string;
  /** Free uids, when the server is root. */
  uids?: UidPair;
}

const limits: Limits = {
  memoryBytes: 256 * 1024 * 1024,
  pids: 64,
  cpus: 1,
  tmpBytes: 16 * 1024 * 1024,
  fileBytes: 64 * 1024 * 1024,
  openFiles: 256,
};

/** [what must hold, bash that succeeds when it does] */
type Probe = readonly [check: string, script: string];

interface Bait {
  sandboxId: string;
  secretFile: string;
  port: number;
  /** When this server was started, as the kernel counts. */
  startedAt: string;
  /** Whether the wall has a kernel of its own. */
  ownKernel: boolean;
}

function probes({ sandboxId, secretFile, port, startedAt, ownKernel }: Bait): Probe[] {
  const field = (name: string, value: string) => `grep -qE '^${name}:\\s*${value}$' /proc/self/status`;
  return [
    ['its own workspace can be written', 'echo x > /workspace/x'],
    ['it is uid 1000', '[ "$(id -u)" = 1000 ]'],
    ['it has no capability', `${field('CapEff', '0+')} && ${field('CapBnd', '0+')}`],
    // Whatever a process may become on a kernel of its own, it is nothing on the host's.
    ...(ownKernel ? [] : kernelProbes(field)),
    ['/etc/shadow can’t be read', '! cat /etc/shadow'],
    ['files of the server can’t be seen', `! [ -e ${quote(secretFile)} ]`],
    ['core_pattern can’t be opened for writing', '! { : >> /proc/sys/kernel/core_pattern; }'],
    ['the root is read-only', '! touch /x && ! touch /usr/x && ! touch /etc/passwd && ! touch /run/ash/x'],
    ['nothing can be mounted', '! mount -t tmpfs x /tmp'],
    ['the server’s loopback can’t be reached', `! { : > /dev/tcp/127.0.0.1/${port}; }`],
    ['there is no network device but loopback', '[ "$(tail -n +3 /proc/net/dev | grep -vc "^ *lo:")" = 0 ]'],
    // By when it was started: in a container the server may have a pid that there is inside as well.
    [
      'processes of the host can’t be seen',
      `set -- /proc/[0-9]*; [ $# -lt 16 ] && ! sed 's/.*) //' /proc/[0-9]*/stat | cut -d' ' -f20 | grep -qx ${startedAt}`,
    ],
    ['the environment is its own', ownKernel ? onlyOwnVariables : '! grep -q . /proc/1/environ'],
    // In two halves, because this script is on a command line itself.
    [
      'no path of the host is on a command line',
      `[[ "$(cat /proc/[0-9]*/cmdline | tr '\\0' ' ')" != *${quote(sandboxId.slice(0, 20))}${quote(sandboxId.slice(20))}* ]]`,
    ],
    ['no descriptor is inherited', '[ "$(cd /proc/$$/fd && echo *)" = "0 1 2" ]'],
  ];
}

/** There the first process is the command itself. */
const onlyOwnVariables = `! tr '\\0' '\\n' < /proc/1/environ | grep -v '^PATH=/usr/bin:/bin$' | grep -q .`;

/** What has to hold where the kernel is that of the host. */
function kernelProbes(field: (name: string, value: string) => string): Probe[] {
  return [
    ['it can’t gain privileges', field('NoNewPrivs', '1')],
    ['system calls are filtered', field('Seccomp', '2')],
    ['no user namespace can be made', '! unshare --user true'],
  ];
}

/** The uid that the kernel knows; inside, any map looks the same. */
async function ownedBy(file: string, uids: UidPair | undefined): Promise<Check> {
  const owner = (await lstat(file).catch(() => undefined))?.uid;
  const ok = owner !== undefined && owner !== 0 && (uids === undefined || owner === uids.wall);
  return { check: 'it is not the kernel’s root', ok, reason: ok ? '' : `a file made inside belongs to uid ${owner}` };
}

const namespaces = ['mnt', 'pid', 'net', 'user'] as const;

/** Bash that ends the script unless it runs in namespaces other than the server's, or on another kernel. */
async function onlyInside(ownKernel: boolean): Promise<string> {
  if (ownKernel) return `set -u; [ "$(uname -r)" != ${quote(release())} ] || exit 1`;
  const own = await Promise.all(
    namespaces.map(async (name) => [name, await readlink(`/proc/self/ns/${name}`)] as const),
  );
  const left = own.map(([name, id]) => `[ "$(readlink /proc/self/ns/${name})" != ${quote(id)} ]`);
  return `set -u; ${left.join(' && ')} && [ -n "$(readlink /proc/self/ns/mnt)" ] || exit 1`;
}

/**
 * @throws IsolationError `isolation_unavailable` for an isolation without walls, which has nothing to test;
 *   and what `exec` throws when no wall can be raised at all
 */
export async function selfTest(isolation: Isolation, { dir, uids }: SelfTestOptions): Promise<Check[]> {
  if (isolation.name === 'process') {
    throw new IsolationError('isolation_unavailable', `${isolation.name} isolation has no walls to test.`);
  }
  const { ownKernel = false } = isolation;
  const sandboxId = `self-test-${crypto.randomUUID()}`;
  const sandboxDir = join(dir, sandboxId);
  const secretFile = join(dir, `self-test-secret-${crypto.randomUUID()}`);
  const runtimeDir = join(sandboxDir, 'runtime');
  const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  try {
    // Passable, as a server in a container may switch users and not mount.
    await mkdir(dir, { recursive: true });
    await chmod(dir, 0o711);
    await makeSandboxDir(sandboxDir, uids);
    await mkdir(runtimeDir);
    await chmod(runtimeDir, 0o755);
    await writeFile(secretFile, 'secret', { mode: 0o600 });
    const { port } = listener.address() as AddressInfo;
    const startedAt = (await identify(process.pid))?.startedAt ?? '';
    const tried = probes({ sandboxId, secretFile, port, startedAt, ownKernel });
    const results: Check[] = [];
    // One wall for all: each probe answers with its index, so that a probe which breaks its shell is a failed one.
    const attempts = tried.map(([, probe], index) => `( ${probe} ) >/dev/null 2>&1 && echo ok ${index}`);
    const script = [await onlyInside(ownKernel), ...attempts].join('\n');
    const { stdout, stderr, stopped } = await isolation.exec({
      ...{ sandboxId, sandboxDir, limits, runtimeDir, ...(uids === undefined ? {} : { uids }) },
      ...{ argv: ['/bin/bash', '-c', script], env: { PATH: '/usr/bin:/bin' }, timeoutMs: 60_000, maxBytes: 65_536 },
    });
    if (stopped !== undefined) {
      throw new IsolationError('sandbox_launch_failed', `The self-test inside the wall was ended: ${stopped}.`);
    }
    const passed = new Set(stdout.toString().split('\n'));
    tried.forEach(([check], index) => {
      const ok = passed.has(`ok ${index}`);
      results.push({ check, ok, reason: ok ? '' : `the opposite holds inside the wall ${stderr.toString()}`.trim() });
    });
    results.push(await ownedBy(join(layoutOf(sandboxDir).workspace, 'x'), uids));
    return results;
  } finally {
    listener.close();
    await rm(sandboxDir, { recursive: true, force: true });
    await rm(secretFile, { force: true });
  }
}
