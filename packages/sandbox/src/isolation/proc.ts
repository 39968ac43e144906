/** What /proc tells about processes: who they are, whether they live, what this one may do. */
import { readFile, readlink } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { ProcessIdentity } from './isolation.ts';

/** CAP_SYS_ADMIN's bit in `CapEff`. */
const sysAdmin = 1n << 21n;

export interface Stat {
  state: string;
  parent: number;
  session: number;
  startedAt: string;
}

export async function stat(pid: number): Promise<Stat | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : parseStat(text);
}

export function parseStat(text: string): Stat {
  // The command name may hold spaces and parentheses; what follows the last `)` starts at field 3.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return {
    state: fields[0] ?? 'X',
    parent: Number(fields[1]),
    session: Number(fields[3]),
    startedAt: fields[19] ?? '',
  };
}

/** The identity of a process, or undefined when there is none with this pid. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const found = await stat(pid);
  return found && { pid, startedAt: found.startedAt };
}

/** Whether this very process still runs. */
export async function lives(identity: ProcessIdentity): Promise<boolean> {
  const found = await stat(identity.pid);
  return found !== undefined && found.startedAt === identity.startedAt && runs(found);
}

/** A zombie doesn't. */
export const runs = ({ state }: Stat): boolean => state !== 'Z' && state !== 'X';

/** Waits for the end of a process that isn't our child, for which there is no event; false after `deadlineMs`. */
export async function gone(pid: number, deadlineMs = 5000): Promise<boolean> {
  const identity = await identify(pid);
  const end = performance.now() + deadlineMs;
  while (identity && (await lives(identity))) {
    if (performance.now() > end) return false;
    await delay(2);
  }
  return true;
}

/** Changes at each boot and with each namespace of pids: pids mean nothing across it. */
export async function bootId(): Promise<string> {
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim();
  return `${boot} ${await readlink('/proc/self/ns/pid').catch(() => '')}`;
}

/** Whether this process may mount. */
export async function mayMount(): Promise<boolean> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && (BigInt(`0x${effective}`) & sysAdmin) !== 0n;
}
