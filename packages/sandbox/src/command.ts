/** One command of a caller in a session's workspace: bash behind a wall of its own. */
import { errors } from '@ash-ai/shared';
import { proxyEnv, withForwarder } from '@ash-ai/shared/egress';
import { type Isolation, IsolationError, type Launched, type Limits, type UidPair } from './isolation/isolation.ts';
import { isolationLimits } from './sandbox-limits.ts';
import { commandIdOf } from './sweep.ts';
import { type CommandRequest, type CommandResult, maxCommandOutputBytes } from './workspaces.ts';

/** What every command of this machine is run with. */
export interface CommandSpec {
  isolation: Isolation;
  limits: Limits;
  runtimeDir: string;
  /** Of this server's sandboxes: a later one ends what a command of a server left that died. */
  tag: string;
  /** Sandboxes that live without a record. */
  underWay: Set<string>;
}

/** Where a command is run. */
export interface CommandPlace {
  dir: string;
  uids: UidPair | undefined;
  /** The live sandbox whose limits hold for it too. */
  within: Launched | undefined;
}

/** Runs the command to its end. @throws exec_failed when the wall can't be raised, or the proxy that it is to have is gone */
export async function runCommand(
  { isolation, limits, runtimeDir, tag, underWay }: CommandSpec,
  { dir: sandboxDir, uids, within }: CommandPlace,
  { command, env, timeoutMs, limits: own, isolation: name, egress }: CommandRequest,
  signal: AbortSignal,
): Promise<CommandResult> {
  const place = { sandboxDir, runtimeDir, ...(name === undefined ? {} : { isolation: name }) };
  const inside = isolation.inside(place);
  // The proxy is the bridge's: without one there is none.
  const network = egress === true;
  if (network && within === undefined) {
    throw errors.exec_failed({
      reason: 'the session fell asleep, and its sandbox had the proxy that the command needs',
    });
  }
  const [file, args] = network
    ? withForwarder(`${inside.run}/egress.sock`, '/bin/bash', ['-c', command])
    : (['/bin/bash', ['-c', command]] as const);
  const sandboxId = commandIdOf(tag);
  underWay.add(sandboxId);
  try {
    const { exitCode, stdout, stderr, stopped } = await isolation.exec({
      ...place,
      sandboxId,
      ...(uids === undefined ? {} : { uids }),
      limits: own === undefined ? limits : isolationLimits(own),
      argv: [file, ...args],
      env: { ...baseEnv, ...env, ...(network ? proxyEnv() : {}), HOME: inside.home },
      ...(within === undefined ? {} : { within }),
      timeoutMs,
      maxBytes: 2 * maxCommandOutputBytes,
      signal,
    });
    const output = { stdout: textOf(stdout), stderr: textOf(stderr) };
    return stopped === undefined ? { exitCode, ...output } : { exitCode: 1, ...output, stopped };
  } catch (cause) {
    if (!(cause instanceof IsolationError)) throw cause;
    throw errors.exec_failed({ reason: cause.message }, { cause });
  } finally {
    underWay.delete(sandboxId);
  }
}

/** Those that the agent's own tools see. */
const baseEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LANG: 'C.UTF-8',
  TERM: 'dumb',
  SHELL: '/bin/bash',
  USER: 'agent',
};

function textOf(output: Buffer): string {
  return output.subarray(0, maxCommandOutputBytes).toString('utf8');
}
