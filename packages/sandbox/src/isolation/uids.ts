/** A pool of kernel uid pairs; what is taken follows from the owners of the sandbox folders that exist, so it needs no store. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IsolationError, type UidPair } from './isolation.ts';
import { layoutOf } from './layout.ts';

export interface UidPool {
  /** @throws IsolationError `isolation_unavailable` when all pairs are taken */
  take(): UidPair;
  /** Give a pair back only after the files that it owns are gone. */
  give(pair: UidPair): void;
}

export interface UidPoolOptions {
  /** First uid of the pool. Default 200000. */
  base?: number;
  /** Pairs in the pool. Default 32768, which ends at uid 265535. */
  pairs?: number;
  /** Pairs in use, see `takenUids`. */
  taken?: Iterable<UidPair>;
}

/** The pair that owns a sandbox folder; undefined when nothing in it has an owner yet. */
export async function uidsOf(sandboxDir: string): Promise<UidPair | undefined> {
  const layout = layoutOf(sandboxDir);
  const owners = [layout.workspace, layout.bridge].map((dir) => lstat(dir).catch(() => undefined));
  const [workspace, bridge] = await Promise.all(owners);
  if (workspace) return { wall: workspace.uid, bridge: bridge?.uid ?? workspace.uid + 1 };
  return bridge && { wall: bridge.uid - 1, bridge: bridge.uid };
}

/** Pairs that own the sandboxes below a folder. */
export async function takenUids(sandboxesDir: string): Promise<UidPair[]> {
  const names = await readdir(sandboxesDir).catch(() => []);
  const pairs = await Promise.all(names.map((name) => uidsOf(join(sandboxesDir, name))));
  return pairs.filter((pair) => pair !== undefined);
}

/** Hands out pairs in turn, so that a uid comes back as late as possible. */
export function createUidPool({ base = 200_000, pairs = 32_768, taken = [] }: UidPoolOptions = {}): UidPool {
  const indexOf = (pair: UidPair): number => (pair.wall - base) / 2;
  const used = new Set([...taken].map(indexOf));
  let next = 0;
  return {
    take() {
      for (let tried = 0; tried < pairs; tried++) {
        const index = next;
        next = (next + 1) % pairs;
        if (used.has(index)) continue;
        used.add(index);
        return { wall: base + 2 * index, bridge: base + 2 * index + 1 };
      }
      throw new IsolationError('isolation_unavailable', `All ${pairs} pairs of uids are in use.`);
    },
    give(pair) {
      used.delete(indexOf(pair));
    },
  };
}
