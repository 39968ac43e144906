/** Uid pairs: unique, in turn, and known from the folders that they own. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { layoutOf, makeSandboxDir } from '../../src/isolation/layout.ts';
import { createUidPool, takenUids } from '../../src/isolation/uids.ts';
import { isRoot, tempDir } from './harness.ts';

it('hands out pairs in turn and refuses when all are in use', () => {
  const pool = createUidPool({ base: 1000, pairs: 3, taken: [{ wall: 1002, bridge: 1003 }] });
  expect([pool.take(), pool.take()]).toEqual([
    { wall: 1000, bridge: 1001 },
    { wall: 1004, bridge: 1005 },
  ]);
  expect(() => pool.take()).toThrow(expect.objectContaining({ code: 'isolation_unavailable' }));
  pool.give({ wall: 1000, bridge: 1001 });
  expect(pool.take()).toEqual({ wall: 1000, bridge: 1001 });
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
