/** Bubblewrap's options for one wall. */
import { wallChannels } from './channels.ts';
import type { SandboxSpec } from './isolation.ts';
import { insideWall } from './layout.ts';
import { type Entry, type HostFacts, viewOf } from './wall-view.ts';

export interface WallOptions {
  spec: SandboxSpec;
  facts: HostFacts;
  /** Whether `--disable-userns` works here; the filter refuses user namespaces in any case. */
  disableUserns: boolean;
  /** The sandbox has a `tmp` folder of its own, which then is /tmp. */
  ownTmp: boolean;
  cwd?: string;
}

/** Options as NUL-ended strings for `bwrap --args`: on a command line, /proc/1/cmdline would show every host path inside. */
export function wallOptions({ spec, facts, disableUserns, ownTmp, cwd = insideWall.workspace }: WallOptions): Buffer {
  const options = [
    ...['--unshare-user', '--unshare-pid', '--unshare-net', '--unshare-ipc', '--unshare-uts', '--unshare-cgroup'],
    ...(disableUserns ? ['--disable-userns'] : []),
    ...['--die-with-parent', '--new-session', '--hostname', 'sandbox', '--uid', '1000', '--gid', '1000'],
    ...viewOf(spec, facts, ownTmp).flatMap(optionOf),
    ...['--remount-ro', '/dev', '--remount-ro', '/', '--chdir', cwd],
    ...['--seccomp', String(wallChannels.filter), '--json-status-fd', String(wallChannels.status)],
  ];
  return Buffer.from(options.map((option) => `${option}\0`).join(''));
}

function optionOf(entry: Entry): string[] {
  switch (entry.kind) {
    case 'bind':
      return [entry.writable ? '--bind' : '--ro-bind', entry.from, entry.to];
    case 'link':
      return ['--symlink', entry.target, entry.to];
    case 'proc':
      return ['--proc', entry.to];
    case 'dev':
      return ['--dev', entry.to];
    case 'tmpfs':
      return ['--perms', '1777', '--size', String(entry.bytes), '--tmpfs', entry.to];
    case 'mask':
      return ['--ro-bind', '/dev/null', entry.to];
  }
}
