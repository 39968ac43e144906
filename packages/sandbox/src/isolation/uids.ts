/** A pool of kernel uids; what is taken follows from the owners of the sandbox folders that exist, so it needs no store. */
import { lstatSync } from 'node:fs';
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
  const uidOf = async (dir: string) => (await lstat(dir).catch(() => undefined))?.uid;
  return pairOf(...(await Promise.all([uidOf(layout.workspace), uidOf(layout.bridge)])));
}

/**
 * Pairs that own the sandboxes below a folder; those of the server itself, made without walls, are none. Nobody is served
 * yet who could be held up: so ten thousand folders take 0.1 s, a fifth of what asking for all at once does, and no memory.
 */
export async function takenUids(sandboxesDir: string): Promise<UidPair[]> {
  const pairs: UidPair[] = [];
  for (const name of await readdir(sandboxesDir).catch(() => [])) {
    const layout = layoutOf(join(sandboxesDir, name));
    const uidOf = (dir: string) => lstatSync(dir, { throwIfNoEntry: false })?.uid;
    const pair = pairOf(uidOf(layout.workspace), uidOf(layout.bridge));
    if (pair !== undefined && pair.wall !== process.getuid?.()) pairs.push(pair);
  }
  return pairs;
}

/** By the owners of workspace and bridge. What a server that died while it made the folder left to root has no owner yet. */
function pairOf(workspace: number | undefined, bridge: number | undefined): UidPair | undefined {
  const has = (uid: number | undefined): uid is number => uid !== undefined && uid !== 0;
  if (has(workspace)) return { wall: workspace, bridge: has(bridge) ? bridge : workspace + 1 };
  return has(bridge) ? { wall: bridge - 1, bridge } : undefined;
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
