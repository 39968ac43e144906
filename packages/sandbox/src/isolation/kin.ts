/** Finds the processes of a pair where no cgroup lists them: by session, by uid and by descent. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Launched, ProcessIdentity } from './isolation.ts';
import { parseStat, runs, type Stat, stat } from './proc.ts';

interface Seen extends Stat {
  pid: number;
  uid: number;
}

/** Blocks for some 30 µs a process on the machine; reading the same without blocking took 100 ms. */
function running(): Seen[] {
  const seen: Seen[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (!Number.isInteger(pid)) continue;
    try {
      const found = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
      const uid = Number(/^Uid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
      if (runs(found)) seen.push({ ...found, pid, uid });
    } catch {
      // Gone since it was listed.
    }
  }
  return seen;
}

/**
 * Whether the number still means this process's session: it isn't given to a new process while the session has
 * members, so when another one bears it, there are none left.
 */
async function keepsNumber({ pid, startedAt }: ProcessIdentity): Promise<boolean> {
  const bearer = await stat(pid);
  return bearer === undefined || bearer.startedAt === startedAt;
}

/**
 * Everything of the pair that can be told. Behind bubblewrap, its inner first process has a session of its own and is
 * a grandchild of the wall's launcher; all else in the pid namespace descends from it, and is gone before it is.
 */
export async function kinOf({ bridge, wall, uids }: Launched): Promise<ProcessIdentity[]> {
  const sessions = new Set<number>();
  for (const leader of [bridge, wall]) if (await keepsNumber(leader)) sessions.add(leader.pid);
  const owners = new Set(uids ? [uids.wall, uids.bridge] : []);
  const all = running();
  const kin = new Set(all.filter((one) => sessions.has(one.session) || owners.has(one.uid)).map(({ pid }) => pid));
  for (let size = -1; size !== kin.size; ) {
    size = kin.size;
    for (const one of all) if (kin.has(one.parent)) kin.add(one.pid);
  }
  return all.filter(({ pid }) => kin.has(pid)).map(({ pid, startedAt }) => ({ pid, startedAt }));
}
