/** Does what a fault says to the real processes. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { FaultKind } from './plan.ts';
import type { World } from './world.ts';

/**
 * All but `connection cut`, which is not done to a process.
 * @returns whether there was anything to do it to
 */
export async function inflict(world: World, sessionId: string, kind: FaultKind, ms: number): Promise<boolean> {
  switch (kind) {
    case 'server kill':
      await world.replaceServer('SIGKILL', ms / 3);
      return true;
    case 'server term':
      await world.replaceServer('SIGTERM', ms / 3);
      return true;
    case 'server stop':
      await world.pauseServer(ms);
      return true;
    case 'database kill':
      await world.loseDatabase(ms);
      return true;
    case 'server and bridge kill':
    case 'server and sandbox kill': {
      const one = kind === 'server and bridge kill' ? 'bridge kill' : 'sandbox kill';
      const [struck] = await Promise.all([
        inflictOnSandbox(world, sessionId, one, ms),
        world.replaceServer('SIGKILL', ms / 3),
      ]);
      return struck;
    }
    case 'clock jump':
      // Up to six hours ahead or back.
      return world.setClock(Math.round((ms / 460 - 1) * 6 * 3_600_000));
    default:
      return await inflictOnSandbox(world, sessionId, kind, ms);
  }
}

async function inflictOnSandbox(world: World, sessionId: string, kind: FaultKind, ms: number): Promise<boolean> {
  const found = await world.sandboxOf(sessionId);
  if (found === undefined) return false;
  const runtime = (found.wall === 0 ? [] : descendants(found.wall)).find((pid) =>
    /^\S*\/(claude|light-runtime)(\0|$)/.test(commandOf(pid)),
  );
  const pids =
    kind === 'sandbox kill'
      ? [found.wall, found.bridge]
      : kind.startsWith('bridge')
        ? [found.bridge]
        : runtime === undefined
          ? []
          : [runtime];
  // Pid 0 would be this process's own group.
  const there = pids.filter((pid) => pid > 0);
  if (kind.endsWith('kill')) return there.map((pid) => signal(pid, 'SIGKILL')).some(Boolean);
  const stopped = there.filter((pid) => signal(pid, 'SIGSTOP'));
  await delay(ms);
  for (const pid of stopped) signal(pid, 'SIGCONT');
  return stopped.length > 0;
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

function descendants(pid: number): number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim().split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
