/** The default walls: bubblewrap under a private unprivileged uid, with cgroups and a system call filter. */
import { spawn } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type BubblewrapHost, type BubblewrapOptions, enforcedOn, findBubblewrapHost } from './bubblewrap-host.ts';
import { wallNeeds } from './bubblewrap-options.ts';
import { captured } from './captured.ts';
import { wallChannels } from './channels.ts';
import { destroy, isAlive } from './destroy.ts';
import { setFrozen } from './freeze.ts';
import {
  type Enforced,
  type ExecResult,
  type ExecSpec,
  type Isolation,
  IsolationError,
  type Launched,
  type LaunchSpec,
  type SandboxSpec,
} from './isolation.ts';
import { openLog, openWallFiles } from './launch-files.ts';
import { bridgeNeeds, hasTmp, insideWall, layoutOf } from './layout.ts';
import { type MadeGroups, makeGroups, removeGroups } from './limits.ts';
import { heardOk, spawnPair } from './pair.ts';
import { bootId, gone } from './proc.ts';
import { launcher } from './shell.ts';
import { type Need, planStage, type Stage } from './stage.ts';
import { sweepGroups } from './sweep-groups.ts';
import { bridgeLauncher, execLauncher, wallLauncher } from './wall-script.ts';

export type { BubblewrapOptions } from './bubblewrap-host.ts';

/**
 * Bubblewrap walls on this machine.
 * @throws IsolationError `isolation_unavailable` when a program is missing or a wall can't be raised here
 */
export async function createBubblewrapIsolation(options: BubblewrapOptions): Promise<Isolation> {
  const host = await findBubblewrapHost(options);
  return {
    name: 'bubblewrap',
    capabilities: () => enforcedOn(host),
    inside: () => insideWall,
    launch: (spec) => launch(host, spec),
    exec: (spec) => exec(host, spec),
    destroy,
    isAlive,
    setFrozen,
    sweep: (fate) => sweepGroups(host.cgroups, fate),
  };
}

async function launch(host: BubblewrapHost, spec: LaunchSpec): Promise<Launched> {
  checkSpec(host, spec);
  const { uids, bridge } = spec;
  const { bridge: bridgeDir } = layoutOf(spec.sandboxDir);
  const bridgeStage = uids && (await stageFor(spec, bridgeNeeds(spec), uids.bridge));
  const stage = await wallStage(host, spec);
  await using files = await openWallFiles(host, spec);
  await using log = await openLog(join(bridgeDir, 'bridge.log'), uids?.bridge);
  const made = await makeGroups(host.cgroups, spec.sandboxId, spec.limits);
  try {
    const wallText = wallLauncher({ ...wallParts(host, spec, made.held), groups: made.groups.wall, stage });
    const own = { groups: made.groups.bridge, stage: bridgeStage, uid: uids?.bridge };
    const pair = await spawnPair({
      wall: { ...launcher(wallText), files: files.fds },
      bridge: { ...launcher(bridgeLauncher(own, bridgeDir, bridge)), log: log.fd, announces: true },
    });
    return {
      ...{ isolation: 'bubblewrap' as const, sandboxId: spec.sandboxId, bootId: await bootId(), ...pair },
      ...(uids === undefined ? {} : { uids }),
      ...{ groups: made.groups, enforced: { ...enforcedOn(host), ...heldNow(made) }, limits: made.limits },
    };
  } catch (error) {
    await removeGroups(made.groups);
    throw error;
  }
}

async function exec(host: BubblewrapHost, spec: ExecSpec): Promise<ExecResult> {
  checkSpec(host, spec);
  const stage = await wallStage(host, spec);
  await using files = await openWallFiles(host, spec, spec.cwd);
  const name = `${spec.sandboxId.slice(0, 40)}-${crypto.randomUUID().slice(0, 8)}`;
  const made = spec.within ? undefined : await makeGroups(host.cgroups, name, spec.limits);
  try {
    const env = Object.entries(spec.env).map(([key, value]) => `${key}=${value}`);
    const groups = (made?.groups ?? spec.within?.groups)?.wall ?? [];
    const parts = wallParts(host, spec, made?.held ?? spec.within?.enforced ?? enforcedOn(host));
    const { file, args, ...how } = launcher(
      execLauncher({ ...parts, groups, stage }, ['/usr/bin/env', '-i', ...env, ...spec.argv]),
    );
    const pipes = Array.from({ length: wallChannels.options - 1 }, () => 'pipe' as const);
    const child = spawn(file, args, { ...how, stdio: ['ignore', ...pipes, ...files.fds] });
    const status = text(child.stdio[wallChannels.status] as Readable);
    const ready = heardOk(child, wallChannels.ready, 'wall').then(
      () => undefined,
      (error: unknown) => error,
    );
    const result = await captured(child, spec, () => child.kill('SIGKILL'));
    // Bubblewrap ends a little earlier than its pid namespace, whose first process ends after all others.
    const inner = /"child-pid": (\d+)/.exec(await status)?.[1];
    if (inner !== undefined) await gone(Number(inner));
    if (result.stopped !== undefined) return result;
    const unready = await ready;
    if (unready !== undefined) throw unready;
    if ((await status).includes('exit-code')) return result;
    // The wall stood and was killed with all that was in it: for want of memory, or with the sandbox that it ran within.
    if (inner !== undefined && result.exitCode > 128) return result;
    throw new IsolationError('sandbox_launch_failed', `The wall did not stand: ${result.stderr.toString().trim()}`);
  } finally {
    if (made) await removeGroups(made.groups);
  }
}

/** A wall of kernel uid 0 is none: it could write the files of /proc/sys that are code execution on the host. */
function checkSpec({ isRoot }: BubblewrapHost, { sandboxId, uids }: SandboxSpec): void {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(sandboxId)) {
    throw new IsolationError('sandbox_launch_failed', `${sandboxId} can't name a sandbox.`);
  }
  if (isRoot && !(uids && uids.wall > 0 && uids.bridge > 0 && uids.wall !== uids.bridge)) {
    throw new IsolationError(
      'isolation_unavailable',
      'A server that is root must give each sandbox two uids of its own.',
    );
  }
  if (!isRoot && uids) {
    throw new IsolationError('isolation_unavailable', 'A server that is not root has no uids to give.');
  }
}

async function stageFor({ sandboxDir }: SandboxSpec, needs: readonly Need[], uid: number): Promise<Stage | undefined> {
  const stage = await planStage(needs, uid);
  return stage && { ...stage, own: await realpath(sandboxDir) };
}

async function wallStage({ facts }: BubblewrapHost, spec: SandboxSpec): Promise<Stage | undefined> {
  return spec.uids && stageFor(spec, wallNeeds(spec, facts, await hasTmp(spec.sandboxDir)), spec.uids.wall);
}

function wallParts({ bwrap }: BubblewrapHost, { limits, uids }: SandboxSpec, { pids }: Pick<Enforced, 'pids'>) {
  const counted = pids === 'cgroup1' || pids === 'cgroup2';
  return { bwrap, limits, nproc: counted ? undefined : limits.pids, uid: uids?.wall };
}

const heldNow = ({ held: { memory, pids, cpu } }: MadeGroups): Pick<Enforced, 'memory' | 'pids' | 'cpu'> => ({
  ...{ memory, cpu },
  pids: pids === 'none' ? 'rlimit' : pids,
});
