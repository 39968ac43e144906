/** What providers with walls have in common: launch a pair, run one command, between making the groups and removing them. */
import { spawn } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { captured } from './captured.ts';
import type { CgroupHost } from './cgroup-host.ts';
import { wallChannels } from './channels.ts';
import {
  type Enforced,
  type ExecResult,
  type ExecSpec,
  IsolationError,
  type IsolationName,
  type Launched,
  type LaunchSpec,
  type Limits,
  type SandboxSpec,
} from './isolation.ts';
import { openLog } from './launch-files.ts';
import { bridgeNeeds, hasTmp, layoutOf } from './layout.ts';
import { holderOf, type MadeGroups, makeGroups, removeGroups } from './limits.ts';
import { heardOk, spawnPair } from './pair.ts';
import { bootId, gone } from './proc.ts';
import { launcher } from './shell.ts';
import { type Need, planStage, type Stage } from './stage.ts';
import { bridgeLauncher, type WallParts } from './wall-script.ts';
import { type HostFacts, wallNeeds } from './wall-view.ts';

/** This machine, as any provider with walls needs to know it. */
export interface WalledHost {
  isRoot: boolean;
  /** Whether walls have a kernel of their own, which counts no processes for us. Default false. */
  ownKernel?: boolean;
  /** Threads that the wall itself needs of what its group may have. Default 0. */
  ownThreads?: number;
  cgroups: CgroupHost;
  facts: HostFacts;
  stateDir: string;
}

/** One way of raising a wall. */
export interface WallMaker {
  name: IsolationName;
  host: WalledHost;
  /** Files for the launcher, from descriptor 7. `argv` is that of a command; a session's comes over the command channel. */
  openFiles(
    spec: SandboxSpec,
    wall: { nproc: number | undefined; cwd?: string; argv?: readonly string[] },
  ): Promise<AsyncDisposable & { fds: number[] }>;
  sessionScript(parts: WallParts, spec: SandboxSpec): Promise<string>;
  commandScript(parts: WallParts, spec: SandboxSpec): Promise<string>;
}

/** See `Isolation.launch`. */
export async function launchWalled(maker: WallMaker, spec: LaunchSpec): Promise<Launched> {
  const { host } = maker;
  checkSpec(host, spec);
  const { uids, bridge } = spec;
  const { bridge: bridgeDir } = layoutOf(spec.sandboxDir);
  const bridgeStage = uids && (await stageFor(spec, bridgeNeeds(spec), uids.bridge));
  const stage = await wallStage(host, spec);
  await using log = await openLog(join(bridgeDir, 'bridge.log'), uids?.bridge);
  const made = await makeGroups(host.cgroups, spec.sandboxId, groupLimits(host, spec));
  try {
    const parts = wallParts(spec, made.held);
    await using files = await maker.openFiles(spec, parts);
    const own = { groups: made.groups.bridge, stage: bridgeStage, uid: uids?.bridge };
    const script = await maker.sessionScript({ ...parts, groups: made.groups.wall, stage }, spec);
    const pair = await spawnPair({
      wall: { ...launcher(script), files: files.fds },
      bridge: { ...launcher(bridgeLauncher(own, bridgeDir, bridge)), log: log.fd, announces: true },
      command: spec.command,
    });
    return {
      ...{ isolation: maker.name, sandboxId: spec.sandboxId, bootId: await bootId(), ...pair },
      ...(uids === undefined ? {} : { uids }),
      ...{ groups: made.groups, enforced: { ...enforcedOn(host), ...heldNow(made, host) }, limits: made.limits },
    };
  } catch (error) {
    await removeGroups(made.groups);
    throw error;
  }
}

/** See `Isolation.exec`. */
export async function execWalled(maker: WallMaker, spec: ExecSpec): Promise<ExecResult> {
  const { host } = maker;
  checkSpec(host, spec);
  const stage = await wallStage(host, spec);
  const name = `${spec.sandboxId.slice(0, 40)}-${crypto.randomUUID().slice(0, 8)}`;
  const made = spec.within ? undefined : await makeGroups(host.cgroups, name, groupLimits(host, spec));
  try {
    const env = Object.entries(spec.env).map(([key, value]) => `${key}=${value}`);
    const argv = ['/usr/bin/env', '-i', ...env, ...spec.argv];
    const groups = (made?.groups ?? spec.within?.groups)?.wall ?? [];
    const parts = wallParts(spec, made?.held ?? spec.within?.enforced ?? enforcedOn(host));
    await using files = await maker.openFiles(spec, {
      ...{ nproc: parts.nproc, argv },
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    });
    const { file, args, ...how } = launcher(await maker.commandScript({ ...parts, groups, stage }, spec));
    const pipes = Array.from({ length: wallChannels.options - 1 }, () => 'pipe' as const);
    const child = spawn(file, args, { ...how, stdio: ['ignore', ...pipes, ...files.fds] });
    const command = child.stdio[wallChannels.command] as Writable;
    // A launcher that has the argv in a file, or has failed, doesn't read it.
    command.on('error', () => undefined).end(argv.map((word) => `${word}\0`).join(''));
    const status = text(child.stdio[wallChannels.status] as Readable);
    const ready = heardOk(child, wallChannels.ready, 'wall').then(
      () => undefined,
      (error: unknown) => error,
    );
    const result = await captured(child, spec, () => child.kill('SIGKILL'));
    // The launcher ends a little earlier than the pid namespace, whose first process ends after all others.
    const inner = /"child-pid": ?(\d+)/.exec(await status)?.[1];
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

function groupLimits({ ownThreads = 0 }: WalledHost, { limits }: SandboxSpec): Limits {
  return { ...limits, pids: limits.pids + ownThreads };
}

/** What walls on this machine enforce. */
export function enforcedOn({ cgroups, isRoot, ownKernel = false }: WalledHost): Enforced {
  const pids = holderOf(cgroups, 'pids');
  return {
    memory: holderOf(cgroups, 'memory'),
    pids: pids === 'none' && !ownKernel ? 'rlimit' : pids,
    cpu: holderOf(cgroups, 'cpu'),
    kill: cgroups.v2?.kill ? 'cgroup2' : Object.keys(cgroups.v1).length > 0 ? 'cgroup1' : 'pid-namespace',
    privateUids: isRoot,
    files: true,
    network: true,
    syscalls: true,
  };
}

/** A wall of kernel uid 0 is none: it could write the files of /proc/sys that are code execution on the host. */
function checkSpec({ isRoot }: WalledHost, { sandboxId, uids }: SandboxSpec): void {
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

async function wallStage({ facts }: WalledHost, spec: SandboxSpec): Promise<Stage | undefined> {
  return spec.uids && stageFor(spec, wallNeeds(spec, facts, await hasTmp(spec.sandboxDir)), spec.uids.wall);
}

function wallParts({ limits, uids }: SandboxSpec, { pids }: Pick<Enforced, 'pids'>) {
  const counted = pids === 'cgroup1' || pids === 'cgroup2';
  return { limits, nproc: counted ? undefined : limits.pids, uid: uids?.wall };
}

const heldNow = (
  { held: { memory, pids, cpu } }: MadeGroups,
  { ownKernel = false }: WalledHost,
): Pick<Enforced, 'memory' | 'pids' | 'cpu'> => ({
  ...{ memory, cpu },
  pids: pids === 'none' && !ownKernel ? 'rlimit' : pids,
});
