/** The folders of one sandbox: on the host, and as seen from inside the wall. */
import { chmod, chown, lstat, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { InsidePaths, LaunchSpec, UidPair } from './isolation.ts';

export interface SandboxLayout {
  /** Owner W. */
  workspace: string;
  /** Owner W; /home/agent inside. */
  home: string;
  /** Owner W and optional; /tmp inside instead of a tmpfs. */
  tmp: string;
  /** Owner B, group W; the bridge's sockets for the inside, read-only there. */
  run: string;
  /** Owner B; socket, spool and log of the bridge, never seen inside. */
  bridge: string;
}

/** The folder that all the agent writes to lies in: a disk of its own where images can be mounted. */
export function diskOf(sandboxDir: string): string {
  return join(sandboxDir, 'disk');
}

export function layoutOf(sandboxDir: string): SandboxLayout {
  return {
    workspace: join(diskOf(sandboxDir), 'workspace'),
    home: join(diskOf(sandboxDir), 'home'),
    tmp: join(diskOf(sandboxDir), 'tmp'),
    run: join(sandboxDir, 'run'),
    bridge: join(sandboxDir, 'bridge'),
  };
}

/** Where bubblewrap puts the folders. */
export const insideWall: Readonly<InsidePaths> = {
  workspace: '/workspace',
  home: '/home/agent',
  run: '/run/ash',
  runtime: '/opt/ash/runtime',
  tmp: '/tmp',
};

export async function hasTmp(sandboxDir: string): Promise<boolean> {
  return (await lstat(layoutOf(sandboxDir).tmp).catch(() => undefined))?.isDirectory() ?? false;
}

/** Host paths that the bridge's uid must reach. */
export function bridgeNeeds({ sandboxDir, bridge }: Pick<LaunchSpec, 'sandboxDir' | 'bridge'>) {
  const layout = layoutOf(sandboxDir);
  return [
    ...[layout.bridge, layout.run].map((path) => ({ path, writable: true })),
    ...[dirname(bridge.execPath), ...bridge.readablePaths].map((path) => ({ path, writable: false })),
  ];
}

async function own(dir: string, mode: number, uid: number | undefined, gid: number | undefined): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  if (!(await lstat(dir)).isDirectory()) throw new Error(`${dir} is not a folder`);
  if (uid !== undefined && gid !== undefined) await chown(dir, uid, gid);
  // After chown, which clears the set-group-id bit.
  await chmod(dir, mode);
}

/**
 * Makes the folders of a sandbox with their owners and modes; what exists already keeps its contents.
 * `run` is set-group-id, so that sockets made by the bridge belong to the wall's group by themselves.
 */
export async function makeSandboxDir(sandboxDir: string, uids: UidPair | undefined): Promise<SandboxLayout> {
  const layout = layoutOf(sandboxDir);
  await own(sandboxDir, 0o711, undefined, undefined);
  await own(diskOf(sandboxDir), 0o711, undefined, undefined);
  await own(layout.workspace, 0o700, uids?.wall, uids?.wall);
  await own(layout.home, 0o700, uids?.wall, uids?.wall);
  await own(layout.run, 0o2750, uids?.bridge, uids?.wall);
  await own(layout.bridge, 0o700, uids?.bridge, uids?.bridge);
  return layout;
}
