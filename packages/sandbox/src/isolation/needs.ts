/** What walls of any provider need of this machine, and the tidying up after a server that died while it made some. */
import { constants } from 'node:fs';
import { access, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { IsolationError } from './isolation.ts';
import type { Architecture } from './syscalls.ts';

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
