/**
 * Which kernel uids belong to which data folder, so that two servers on one machine never give the same one: a file per range
 * in a folder that all of them look into. A claim stays when its server ends, as its sandboxes and their files may: it is
 * given up when its data folder is gone.
 */
import { mkdir, readdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { IsolationError } from './isolation.ts';
import { uidsPerRange } from './uids.ts';

export interface ClaimOptions {
  /** Folder of the claims, the same for all servers of the machine. */
  claimsDir: string;
  dataDir: string;
  /** Where ranges begin. */
  base: number;
  /** Uids that own something in the data folder already. */
  taken: Iterable<number>;
}

/** A folder, also when it was moved or another one has taken its path. */
interface Claim {
  path: string;
  folder: string;
}

/** Ranges that are looked at before it is said that all are taken. */
const mostRanges = 4096;

/**
 * First uid of the range of a data folder: the one that it has, else that of the files in it, else the next free one.
 * @throws IsolationError `isolation_unavailable` when another data folder has what this one needs
 */
export async function claimUids({ claimsDir, dataDir, base, taken }: ClaimOptions): Promise<number> {
  await mkdir(claimsDir, { recursive: true, mode: 0o755 }).catch((cause: unknown) => {
    const hint =
      'Make it writable, or name another folder in ASH_UID_CLAIMS_DIR, the same for all servers of this machine.';
    throw new IsolationError('isolation_unavailable', `Uids can't be claimed in ${claimsDir}. ${hint}`, { cause });
  });
  const { dev, ino } = await stat(dataDir);
  const own: Claim = { path: await realpath(dataDir), folder: `${dev}:${ino}` };
  return await alone(async () => {
    const claims = await livingClaims(claimsDir, own.folder);
    const needed = new Set([...taken].map((uid) => rangeOf(uid, base)));
    for (const first of needed) {
      const holder = holderOf(claims, first);
      if (holder === undefined || holder.folder === own.folder) continue;
      throw new IsolationError(
        'isolation_unavailable',
        `Files of ${own.path} belong to uids from ${first} on, which are those of ${holder.path}. If that is no data folder of a server any more, remove ${join(claimsDir, String(first))}; else end the sessions there, or move it to another machine.`,
      );
    }
    const [had] = [...claims].filter(([, { folder }]) => folder === own.folder).map(([first]) => first);
    const [found = nextFree(claims, base)] = [...needed];
    const first = had ?? found;
    for (const range of new Set([first, ...needed])) await write(claimsDir, range, own);
    return first;
  });
}

function rangeOf(uid: number, base: number): number {
  return base + Math.floor((uid - base) / uidsPerRange) * uidsPerRange;
}

/** Ranges of servers that begin elsewhere may lie across these. */
function holderOf(claims: ReadonlyMap<number, Claim>, first: number): Claim | undefined {
  return [...claims].find(([other]) => Math.abs(other - first) < uidsPerRange)?.[1];
}

function nextFree(claims: ReadonlyMap<number, Claim>, base: number): number {
  for (let index = 0; index < mostRanges; index++) {
    const first = base + index * uidsPerRange;
    if (holderOf(claims, first) === undefined) return first;
  }
  throw new IsolationError('isolation_unavailable', `All ranges of uids from ${base} on are claimed.`);
}

/** Claims of folders that are still there, by their first uid; the others are given up. */
async function livingClaims(claimsDir: string, own: string): Promise<Map<number, Claim>> {
  const claims = new Map<number, Claim>();
  for (const name of await readdir(claimsDir)) {
    if (!/^\d+$/.test(name)) continue;
    const claim = JSON.parse(await readFile(join(claimsDir, name), 'utf8')) as Claim;
    const found = await stat(claim.path).catch(() => undefined);
    const lives = found !== undefined && `${found.dev}:${found.ino}` === claim.folder;
    if (lives || claim.folder === own) claims.set(Number(name), claim);
    else await rm(join(claimsDir, name), { force: true });
  }
  return claims;
}

async function write(claimsDir: string, first: number, claim: Claim): Promise<void> {
  const path = join(claimsDir, `.${process.pid}`);
  await writeFile(path, JSON.stringify(claim), { mode: 0o644 });
  await rename(path, join(claimsDir, String(first)));
}

const patienceMs = 10_000;

/** One at a time on this machine, by a lock that the kernel lets go of when its holder dies. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMs;
  for (;;) {
    const lock = createServer((socket) => socket.destroy());
    const got = await new Promise<boolean>((resolve) => {
      lock.once('error', () => resolve(false)).listen('\0ash-uid-claims', () => resolve(true));
    });
    if (got) {
      try {
        return await work();
      } finally {
        await new Promise<void>((resolve) => lock.close(() => resolve()));
      }
    }
    if (performance.now() > end)
      throw new IsolationError('isolation_unavailable', 'Another server has been claiming uids for too long.');
    await delay(10);
  }
}
