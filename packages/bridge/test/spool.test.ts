/** The spool on a disk that is full: nothing is lost, the runtime is held back, and it goes on when there is room. */
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Spool } from '../src/spool.ts';

/** A disk of 64 kB; undefined where this user may not mount one. */
async function smallDisk(): Promise<string | undefined> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-spool-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', dir]).status === 0;
  onTestFinished(async () => {
    if (mounted) spawnSync('umount', ['-l', dir]);
    await rmdir(dir);
  });
  return mounted ? dir : undefined;
}

const payload = JSON.stringify('x'.repeat(3000));

test('a full disk holds the runtime back; what waits is written when there is room', async (context) => {
  const dir = await smallDisk();
  if (dir === undefined) return context.skip('no right to mount a disk');
  await writeFile(join(dir, 'filler'), Buffer.alloc(40 * 1024));
  const spool = new Spool(join(dir, 'spool'), 'life');
  const lines: string[] = [];
  const add = () => {
    lines.push(spool.add({ kind: 'message', n: spool.lastN + 1, turnId: null }, payload));
  };
  while (spool.room() === undefined) add();
  add();
  const written = async () => (await readFile(join(dir, 'spool'), 'utf8')).split('\n').slice(1, -1);
  // No line in parts, and all of them still in memory for a server that is there.
  expect(await written()).toEqual(lines.slice(0, (await written()).length).map((line) => line.trimEnd()));
  expect((await written()).length).toBeLessThan(lines.length);
  expect(spool.after(0).map(({ line }) => line)).toEqual(lines);
  await rm(join(dir, 'filler'));
  await spool.room();
  expect(await written()).toEqual(lines.map((line) => line.trimEnd()));
});

test('what is committed meanwhile needs no room', async (context) => {
  const dir = await smallDisk();
  if (dir === undefined) return context.skip('no right to mount a disk');
  const spool = new Spool(join(dir, 'spool'), 'life');
  while (spool.room() === undefined) spool.add({ kind: 'message', n: spool.lastN + 1, turnId: null }, payload);
  spool.ack(spool.lastN);
  expect(spool.room()).toBeUndefined();
  expect(await readFile(join(dir, 'spool'), 'utf8')).toBe('{"life":"life"}\n');
});
