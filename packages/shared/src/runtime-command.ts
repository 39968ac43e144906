/**
 * What is run inside a wall for the agent runtime: its whole environment and the text of the command. Pure, as the server,
 * which may start a runtime ahead of its bridge, and the bridge, which compares, must come to the same.
 */
import type { GoOn, Paths, RuntimeOptions } from './bridge-wire.ts';
import { proxyEnv } from './egress/forwarder.ts';

/** The environment of the runtime and, with it, of every tool. No secret of Ash's in it. */
export function runtimeEnv(
  { env, goOn }: Pick<RuntimeOptions, 'env' | 'goOn'>,
  { home, modelSocket }: Pick<Paths, 'home' | 'modelSocket'>,
  {
    egress,
    isRoot,
  }: {
    /** Whether anything but model calls may leave the wall. */
    egress: boolean;
    /** Only without walls; whoever asked for that was told what it means, the runtime need not refuse. */
    isRoot: boolean;
  },
): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    TERM: 'dumb',
    SHELL: '/bin/bash',
    USER: 'agent',
    ...env,
    ...(egress ? proxyEnv() : {}),
    HOME: home,
    CLAUDE_CONFIG_DIR: `${home}/.claude`,
    ANTHROPIC_BASE_URL: 'http://model.ash.internal',
    ANTHROPIC_UNIX_SOCKET: modelSocket,
    ANTHROPIC_API_KEY: 'set-by-the-gateway',
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_TELEMETRY: '1',
    DISABLE_ERROR_REPORTING: '1',
    DISABLE_AUTOUPDATER: '1',
    CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: '1',
    CLAUDE_CODE_DISABLE_CRON: '1',
    ...(isRoot ? { IS_SANDBOX: '1' } : {}),
    ...goOnEnv(goOn?.how),
  };
}

/** The one command of a wall, with exactly this environment: NUL-ended words. */
export function runtimeCommand(
  executable: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): string {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const words = ['/usr/bin/env', '-i', ...assignments, executable, ...args];
  return words.map((word) => `${word.replaceAll('\0', '')}\0`).join('');
}

/** Without the second switch the runtime would make calls again that were under way; with it, it would not ask leave again. */
function goOnEnv(how: GoOn['how'] | undefined): Record<string, string> {
  if (how === undefined || how === 'told') return {};
  const goesOn = { CLAUDE_CODE_RESUME_INTERRUPTED_TURN: '1' };
  return how === 'asks_again' ? goesOn : { ...goesOn, CLAUDE_CODE_RESUME_SHOWS_CUT_OFF_CALLS: '1' };
}
