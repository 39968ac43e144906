/** Uid pairs: unique, in turn, and known from the folders that they own; ranges of uids: one data folder each. */
import { chown, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { layoutOf, makeSandboxDir } from '../../src/isolation/layout.ts';
import { claimUids } from '../../src/isolation/uid-claims.ts';
import { createUidPool, serversUids, takenUids, uidsOf } from '../../src/isolation/uids.ts';
import { isRoot, tempDir } from './harness.ts';

it('hands out pairs in turn and refuses when all are in use', () => {
  const pool = createUidPool({ first: 1000, places: 3, taken: [{ wall: 1008, bridge: 1009 }] });
  expect([pool.take(), pool.take()]).toEqual([
    { wall: 1004, bridge: 1005 },
    { wall: 1012, bridge: 1013 },
  ]);
  expect(serversUids(1000)).toEqual({ wall: 1000, bridge: 1001 });
  expect(() => pool.take()).toThrow(expect.objectContaining({ code: 'isolation_unavailable' }));
  pool.give({ wall: 1004, bridge: 1005 });
  expect(pool.take()).toEqual({ wall: 1004, bridge: 1005 });
});

it.runIf(isRoot)('finds the pairs in use from the folders', async () => {
  const dir = await tempDir();
  const pair = { wall: 280_000, bridge: 280_001 };
  await makeSandboxDir(join(dir, 'one'), pair);
  expect(await takenUids(dir)).toEqual([pair]);
  await rm(layoutOf(join(dir, 'one')).workspace, { recursive: true });
  expect(await takenUids(dir)).toEqual([pair]);
  expect(await takenUids(join(dir, 'missing'))).toEqual([]);
});

it('gives each data folder a range of its own, the same one again, and that of a folder that is gone to the next', async () => {
  const [claimsDir, a, b, c] = [await tempDir(), await tempDir(), await tempDir(), await tempDir()];
  const claim = (dataDir: string, taken: number[] = []) => claimUids({ claimsDir, dataDir, base: 200_000, taken });
  const firsts = await Promise.all([a, b].map((dir) => claim(dir)));
  expect(firsts.toSorted()).toEqual([200_000, 265_536]);
  const [ofA = 0, ofB = 0] = firsts;
  expect(await claim(b)).toBe(ofB);
  // A folder that was moved is the same one.
  const moved = `${a}-moved`;
  await rename(a, moved);
  expect(await claim(moved)).toBe(ofA);
  await rm(moved, { recursive: true });
  expect(await claim(c)).toBe(ofA);
  expect((await readdir(claimsDir)).toSorted()).toEqual(['200000', '265536']);
});

it('refuses a folder with files of another one’s uids, and takes the range that its files have', async () => {
  const [claimsDir, a, b, c] = [await tempDir(), await tempDir(), await tempDir(), await tempDir()];
  const claim = (dataDir: string, base: number, taken: number[] = []) => claimUids({ claimsDir, dataDir, base, taken });
  expect(await claim(a, 200_000)).toBe(200_000);
  await expect(claim(b, 200_000, [200_004])).rejects.toMatchObject({
    code: 'isolation_unavailable',
    message: expect.stringContaining(a),
  });
  expect(await claim(b, 200_000, [400_000])).toBe(396_608);
  // One that begins elsewhere gets none that overlaps.
  expect(await claim(c, 210_000)).toBe(275_536);
});

it.runIf(isRoot)('a folder that a server left half made has no owner yet', async () => {
  const dir = join(await tempDir(), 'one');
  const pair = { wall: 280_000, bridge: 280_001 };
  const { workspace, bridge } = layoutOf(dir);
  await mkdir(workspace, { recursive: true });
  expect(await uidsOf(dir)).toBeUndefined();
  await chown(workspace, pair.wall, pair.wall);
  await mkdir(bridge);
  expect(await uidsOf(dir)).toEqual(pair);
  await makeSandboxDir(dir, pair);
  expect(await uidsOf(dir)).toEqual(pair);
});
