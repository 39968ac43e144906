/** Two servers on one machine: no kernel user is ever both ones', whoever was killed meanwhile. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Ash } from './harness.ts';
import { say } from './streams.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('uids of servers: not tested, only root has any to give');

interface Pair {
  wall: number;
  bridge: number;
}

async function awake(ash: Ash): Promise<Pair> {
  const { id } = await ash.session();
  expect(await say(ash, id, 'My name is Alice.')).toMatchObject({ status: 'completed' });
  return (JSON.parse(readFileSync(join(ash.dataDir, 'sandboxes', id, 'sandbox.json'), 'utf8')) as { uids: Pair }).uids;
}

test.runIf(isRoot)('share no kernel user', async () => {
  await using first = await Ash.start();
  const ofFirst = await awake(first);
  // Its sandbox lives on, and so does its claim.
  await first.kill();
  await using second = await Ash.start();
  const ofSecond = await awake(second);
  await first.start();
  const again = await awake(first);
  const range = ({ wall }: Pair): number => Math.floor((wall - 200_000) / 65_536);
  expect(range(ofSecond)).not.toBe(range(ofFirst));
  expect(range(again)).toBe(range(ofFirst));
  expect(again.wall).not.toBe(ofFirst.wall);
});
