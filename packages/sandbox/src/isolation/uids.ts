/** A pool of kernel uids; what is taken follows from the owners of the sandbox folders that exist, so it needs no store. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { IsolationError, type UidPair } from './isolation.ts';
import { layoutOf } from './layout.ts';

export interface UidPool {
  /** @throws IsolationError `isolation_unavailable` when all are taken */
  take(): UidPair;
  /** Give a pair back only after the files that it owns are gone. */
  give(pair: UidPair): void;
}

export interface UidPoolOptions {
  /** First uid of the range. Its first place is the server's own, see {@link serversUids}. */
  first: number;
  /** Sandboxes that have a place. Default: as many as the range holds. */
  places?: number;
  /** Pairs in use, see `takenUids`. */
  taken?: Iterable<UidPair>;
}

/** Uids of one server. */
export const uidsPerRange = 65_536;
/** Wall, bridge, root of the wall's user namespace, and one that is left out. */
const uidsPerPlace = 4;

/** The pair that a server uses for its own trials. */
export function serversUids(first: number): UidPair {
  return { wall: first, bridge: first + 1 };
}

/** The pair that owns a sandbox folder; undefined when nothing in it has an owner yet. */
export async function uidsOf(sandboxDir: string): Promise<UidPair | undefined> {
  const layout = layoutOf(sandboxDir);
  const owners = [layout.workspace, layout.bridge].map(async (dir) => {
    const found = await lstat(dir).catch(() => undefined);
    // A server that died while it made the folder left it to root: it has no owner yet.
    return found === undefined || found.uid === 0 ? undefined : found;
  });
  const [workspace, bridge] = await Promise.all(owners);
  if (workspace) return { wall: workspace.uid, bridge: bridge?.uid ?? workspace.uid + 1 };
  return bridge && { wall: bridge.uid - 1, bridge: bridge.uid };
}

/** Pairs that own the sandboxes below a folder; those of the server itself, made without walls, are none. */
export async function takenUids(sandboxesDir: string): Promise<UidPair[]> {
  const names = await readdir(sandboxesDir).catch(() => []);
  const pairs = await Promise.all(names.map((name) => uidsOf(join(sandboxesDir, name))));
  return pairs.filter((pair) => pair !== undefined && pair.wall !== process.getuid?.()) as UidPair[];
}

/** Hands out pairs in turn, so that a uid comes back as late as possible. */
export function createUidPool({
  first,
  places = uidsPerRange / uidsPerPlace - 1,
  taken = [],
}: UidPoolOptions): UidPool {
  const placeOf = ({ wall }: UidPair): number => Math.floor((wall - first) / uidsPerPlace) - 1;
  const used = new Set([...taken].map(placeOf));
  let next = 0;
  return {
    take() {
      for (let tried = 0; tried < places; tried++) {
        const place = next;
        next = (next + 1) % places;
        if (used.has(place)) continue;
        used.add(place);
        const wall = first + uidsPerPlace * (place + 1);
        return { wall, bridge: wall + 1 };
      }
      throw new IsolationError('isolation_unavailable', `All ${places} places of uids from ${first} on are in use.`);
    },
    give(pair) {
      used.delete(placeOf(pair));
    },
  };
}
