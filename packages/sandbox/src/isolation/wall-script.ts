/** Texts of the launchers: what runs between the server's spawn and bubblewrap, or the bridge. */
import { bridgeChannels, wallChannels } from './channels.ts';
import type { BridgeSpec, Limits } from './isolation.ts';
import { bash, closeAbove, dropTo, joinGroups, quote, quoteAll } from './shell.ts';
import { letGoOfOthers, type Stage, stageScript } from './stage.ts';

interface LauncherParts {
  groups: readonly string[];
  stage: Stage | undefined;
  uid: number | undefined;
}

/** What the launcher of a wall is made from. */
export interface WallParts extends LauncherParts {
  limits: Limits;
  /** Where no cgroup counts processes. */
  nproc: number | undefined;
}

/** Wraps `then` so that it runs on the stage, if there is one. */
function onStage(stage: Stage | undefined, then: readonly string[]): string[] {
  if (!stage) return [...then];
  const text = ['set -e', ...stageScript(stage), 'umask 077', 'set +e', ...then].join('\n');
  return [`exec unshare --mount --propagation private -- ${quoteAll([...bash, text])}`];
}

/** Order matters: groups while still privileged, limits before the switch of users, which can't raise them again. */
function wallSetup({ groups, stage, uid }: LauncherParts, limits: Limits, then: string): string {
  return [
    ...joinGroups(groups),
    'echo 800 > /proc/self/oom_score_adj',
    `umask 077; ulimit -c 0; ulimit -n ${limits.openFiles}; ulimit -f ${Math.ceil(limits.fileBytes / 1024)}`,
    ...onStage(stage, [`exec ${quoteAll([...dropTo(uid), ...bash, then])}`]),
  ].join('\n');
}

/**
 * Bubblewrap with nothing in its environment, which /proc/1/environ inside would show. It closes the descriptors of
 * its options, filter and status itself before the command runs.
 */
const bubblewrap = (bwrap: string): string => `exec -c ${quote(bwrap)} --args ${wallChannels.options} --`;

/** Where no cgroup counts processes: set inside the wall's user namespace, so that each sandbox counts alone. */
function limited(nproc: number | undefined): string {
  return nproc === undefined ? '' : quoteAll(['/usr/bin/prlimit', `--nproc=${nproc}`, '--']);
}

interface BubblewrapParts extends WallParts {
  bwrap: string;
}

/**
 * Launcher of a session's wall. Until the argv comes it is two sleeping shells; it ends with bubblewrap or with the
 * leash, whichever is first, and bubblewrap ends with it (`--die-with-parent`).
 */
export function wallLauncher({ bwrap, limits, nproc, ...parts }: BubblewrapParts): string {
  const { command, leash, ready, options, filter, status } = wallChannels;
  const supervisor = [
    `echo ok >&${ready}; exec 2>&9 9>&- ${ready}>&-`,
    '(',
    `  mapfile -d '' -t argv <&${command}`,
    // A bridge that ended first has sent none; the supervisor may be gone as well by now.
    `  [ \${#argv[@]} -gt 0 ] && kill -0 $$ || exit 98`,
    `  exec ${command}<&- ${leash}<&-`,
    `  ${bubblewrap(bwrap)} ${limited(nproc)} "\${argv[@]}"`,
    ') <&0 &',
    'wall=$!',
    `exec </dev/null >/dev/null 2>&1 ${command}<&- ${options}<&- ${filter}<&- ${status}>&-`,
    `cat <&${leash} &`,
    'watch=$!',
    `exec ${leash}<&-`,
    'wait -n',
    'kill -KILL $wall $watch',
    'wait',
  ].join('\n');
  // 9 keeps the runtime's stderr while errors of the launch go to the server.
  return [closeAbove(filter), `exec 9>&2 2>&${ready}`, wallSetup(parts, limits, supervisor)].join('\n');
}

/**
 * Launcher of one command's wall: no supervisor, bubblewrap is the server's own child and dies with it. The argv comes over
 * the command channel, as within this text, one argument of bash, command and variables could have 128 KiB together.
 */
export function execLauncher({ bwrap, limits, nproc, ...parts }: BubblewrapParts): string {
  const { ready, leash, command, filter } = wallChannels;
  const run = [
    `mapfile -d '' -t argv <&${command}`,
    `echo ok >&${ready}; exec 2>&9 9>&- ${ready}>&- ${leash}<&- ${command}<&-`,
    `${bubblewrap(bwrap)} ${limited(nproc)} "\${argv[@]}"`,
  ].join('\n');
  return [closeAbove(filter), `exec 9>&2 2>&${ready}`, wallSetup(parts, limits, run)].join('\n');
}

/** Launcher of an OCI runtime's wall, which `supervisor` puts up in a mount namespace that holds no other sandbox's disk. */
export function ociLauncher(
  { groups, stage }: WallParts,
  { supervisor, own, ownPids }: { supervisor: readonly string[]; own: string; ownPids: boolean },
): string {
  // A supervisor that is the first process of a namespace takes all with it.
  const pids = ownPids ? ' --pid --fork --kill-child=KILL' : '';
  const { ready, filter } = wallChannels;
  const stageLines = stage === undefined ? letGoOfOthers(own) : stageScript(stage);
  const text = ['set -e', ...stageLines, 'umask 022', `exec ${quoteAll(supervisor)}`].join('\n');
  return [
    closeAbove(filter),
    `exec 9>&2 2>&${ready}`,
    ...joinGroups(groups),
    'echo 800 > /proc/self/oom_score_adj; ulimit -c 0',
    `exec unshare --mount --propagation private${pids} -- ${quoteAll([...bash, text])}`,
  ].join('\n');
}

/** Launcher of a bridge in `dir`, with exactly `env`; 1 and 2 are its log already. */
export function bridgeLauncher(parts: LauncherParts, dir: string, { execPath, args, env }: BridgeSpec): string {
  const words = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const { ready } = bridgeChannels;
  const log = ready + 1;
  const start = [
    `echo ok >&${ready}; exec 2>&${log} ${log}>&- ${ready}>&-`,
    `exec env -i ${quoteAll([...words, execPath, ...args])}`,
  ].join('\n');
  return [
    closeAbove(ready),
    `exec ${log}>&2 2>&${ready}`,
    ...joinGroups(parts.groups),
    'umask 077; ulimit -c 0',
    ...onStage(parts.stage, [
      `cd ${quote(dir)} || exit 96`,
      `exec ${quoteAll([...dropTo(parts.uid), ...bash, start])}`,
    ]),
  ].join('\n');
}
