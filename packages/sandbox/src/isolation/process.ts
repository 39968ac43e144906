/** No walls at all: bridge, agent runtime and server are one user's ordinary processes. Development only. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { captured } from './captured.ts';
import { destroy, isAlive } from './destroy.ts';
import type { Enforced, ExecSpec, InsidePaths, Isolation, Launched, LaunchSpec, SandboxSpec } from './isolation.ts';
import { openLog } from './launch-files.ts';
import { layoutOf } from './layout.ts';
import { spawnPair } from './pair.ts';
import { bootId } from './proc.ts';
import { processSupervisor } from './process-supervisor.ts';

export const enforcesNothing: Enforced = {
  memory: 'none',
  pids: 'none',
  cpu: 'none',
  kill: 'process-group',
  privateUids: false,
  files: false,
  network: false,
  syscalls: false,
};

/** Without groups nothing can be frozen, and nothing unrecorded be found: such a bridge ends when nobody comes for it. */
const unable: Pick<Isolation, 'setFrozen' | 'sweep'> = {
  setFrozen: () => Promise.resolve(false),
  sweep: () => Promise.resolve([]),
};

export function createProcessIsolation(): Isolation {
  return {
    name: 'process',
    names: ['process'],
    capabilities: () => enforcesNothing,
    inside,
    launch,
    exec,
    destroy,
    isAlive,
    ...unable,
  };
}

function inside({ sandboxDir, runtimeDir }: Pick<SandboxSpec, 'sandboxDir' | 'runtimeDir'>): InsidePaths {
  const { workspace, home, run } = layoutOf(sandboxDir);
  return { workspace, home, run, runtime: runtimeDir, tmp: '/tmp' };
}

async function launch(spec: LaunchSpec): Promise<Launched> {
  const layout = layoutOf(spec.sandboxDir);
  const { execPath, args, env } = spec.bridge;
  await using log = await openLog(join(layout.bridge, 'bridge.log'), undefined);
  const supervisor = ['-e', processSupervisor];
  const pair = await spawnPair({
    wall: { file: process.execPath, args: supervisor, env: {}, cwd: layout.workspace, files: [] },
    bridge: { file: execPath, args, env, cwd: layout.bridge, log: log.fd, announces: false },
    command: spec.command,
  });
  return {
    ...{ isolation: 'process' as const, sandboxId: spec.sandboxId, bootId: await bootId(), ...pair },
    ...{ groups: { wall: [], bridge: [], remove: [] }, enforced: enforcesNothing, limits: {} },
  };
}

async function exec(spec: ExecSpec) {
  const [file = '', ...args] = spec.argv;
  const child = spawn(file, args, {
    ...{ cwd: spec.cwd ?? layoutOf(spec.sandboxDir).workspace, env: { ...spec.env } },
    ...{ detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  });
  return captured(child, spec, () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  });
}
