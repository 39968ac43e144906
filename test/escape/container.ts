/**
 * A container as an engine would make it for the server: Docker's default capabilities, its masked paths or none, and a system
 * call filter; by runc, so that it can be tried where no engine is. The network is the machine's, as with `--network host`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { LogLine } from '../e2e/server-process.ts';

const capabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FSETID', 'FOWNER', 'MKNOD', 'NET_RAW', 'SETGID', 'SETUID', 'SETFCAP', 'SETPCAP'],
  ...['NET_BIND_SERVICE', 'SYS_CHROOT', 'KILL', 'AUDIT_WRITE'],
].map((name) => `CAP_${name}`);

const masked = ['acpi', 'asound', 'kcore', 'keys', 'latency_stats', 'timer_list', 'timer_stats', 'sched_debug', 'scsi'];
const readOnly = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger'];
const inProc = (names: readonly string[]): string[] => names.map((name) => `/proc/${name}`);

export interface ContainerOptions {
  /** Holds the container, and in `shared` what it may write; passable for all. */
  dir: string;
  env: Readonly<Record<string, string>>;
  seccomp: unknown;
  /** `systempaths=unconfined`. */
  unmasked: boolean;
}

export interface Container {
  child: ChildProcess;
  log: LogLine[];
  /** The server's address; undefined when it ended before it answered. */
  ready: Promise<string | undefined>;
  exited: Promise<void>;
}

/** Starts a server in a container that has the whole disk of this machine, read-only but for `shared`. */
export async function startInContainer({ dir, env, seccomp, unmasked }: ContainerOptions): Promise<Container> {
  const bundle = join(dir, 'bundle');
  const root = join(dir, 'root');
  const shared = join(dir, 'shared');
  for (const folder of [bundle, root, shared, join(dir, 'state')]) await mkdir(folder, { recursive: true });
  const program = fileURLToPath(new URL('../e2e/fixture-server.ts', import.meta.url));
  const variables = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', container: 'a-test', ...env };
  const mount = (destination: string, type: string, options: string[], source = type) => ({
    ...{ destination, type, source, options },
  });
  const config = {
    ociVersion: '1.0.2',
    process: {
      ...{ terminal: false, user: { uid: 0, gid: 0 }, cwd: '/', noNewPrivileges: false },
      args: [process.execPath, '--conditions=@ash-ai/source', program],
      env: Object.entries(variables).map(([name, value]) => `${name}=${value}`),
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
    },
    root: { path: root, readonly: true },
    hostname: 'container',
    mounts: [
      mount('/proc', 'proc', ['nosuid', 'noexec', 'nodev']),
      mount('/dev', 'tmpfs', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
      mount('/dev/pts', 'devpts', ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5']),
      mount('/dev/shm', 'tmpfs', ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k']),
      mount('/sys', 'sysfs', ['nosuid', 'noexec', 'nodev', 'ro']),
      mount('/sys/fs/cgroup', 'cgroup', ['nosuid', 'noexec', 'nodev', 'relatime', 'ro']),
      mount('/var/lib', 'tmpfs', ['nosuid', 'nodev', 'mode=755']),
      mount(shared, 'bind', ['bind', 'rw'], shared),
    ],
    linux: {
      namespaces: ['pid', 'ipc', 'uts', 'mount', 'cgroup'].map((type) => ({ type })),
      ...(unmasked ? {} : { maskedPaths: inProc(masked), readonlyPaths: inProc(readOnly) }),
      seccomp,
    },
  };
  await writeFile(join(bundle, 'config.json'), JSON.stringify(config));
  const script = 'mount --bind / "$1" && exec runc --root "$2" run --bundle "$3" "$4"';
  const args = ['--mount', '--propagation', 'private', '--', '/bin/sh', '-c', script, 'sh'];
  const id = `ash-container-${process.pid}`;
  const child = spawn('unshare', [...args, root, join(dir, 'state'), bundle, id], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const log: LogLine[] = [];
  const ready = Promise.withResolvers<string | undefined>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as LogLine & { readyAt?: string };
    if (said.readyAt === undefined) log.push(said);
    else ready.resolve(said.readyAt);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => {
      ready.resolve(undefined);
      resolve();
    });
  });
  return { child, log, ready: ready.promise, exited };
}
