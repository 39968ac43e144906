/** A disk's copy by reference: whole, of its own from then on, and left to others where the file system can't make one. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Disks } from '../../src/disk/disks.ts';

const size = { diskMb: 64, inodes: 1000 };
const isRoot = process.getuid?.() === 0;
const hasXfs = spawnSync('mkfs.xfs', ['-V']).status === 0;
if (!isRoot || !hasXfs) console.warn('copies by reference are not tried: they need root and mkfs.xfs');

async function onFileSystem(make: string[], work: (place: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-clone-'));
  const [image, place] = [join(folder, 'image'), join(folder, 'mount')];
  await mkdir(place);
  execFileSync('truncate', ['-s', '600M', image]);
  execFileSync(make[0] ?? '', [...make.slice(1), image], { stdio: 'ignore' });
  execFileSync('mount', ['-o', 'loop', image, place]);
  try {
    await work(place);
  } finally {
    execFileSync('umount', [place]);
    await rm(folder, { recursive: true, force: true });
  }
}

test.runIf(isRoot && hasXfs)('on XFS a copy has what was written, and neither changes the other', async () => {
  await onFileSystem(['mkfs.xfs', '-q', '-m', 'reflink=1'], async (place) => {
    const disks = new Disks(place, true);
    const [one, two] = [join(place, 'one'), join(place, 'two')];
    await mkdir(one);
    await using _one = await disks.hold(one, size);
    await writeFile(join(one, 'disk', 'file'), 'written just now');
    expect(await disks.clone(one, two)).toBe(true);
    await using _two = await disks.hold(two, size);
    expect(await readFile(join(two, 'disk', 'file'), 'utf8')).toBe('written just now');
    await writeFile(join(two, 'disk', 'file'), 'the copy’s');
    await writeFile(join(one, 'disk', 'more'), 'the first one’s');
    expect(await readFile(join(one, 'disk', 'file'), 'utf8')).toBe('written just now');
    await expect(readFile(join(two, 'disk', 'more'))).rejects.toThrow('ENOENT');
  });
});

test.runIf(isRoot)('on ext4 there is none, and nothing is left of the attempt', async () => {
  await onFileSystem(['mkfs.ext4', '-q', '-F'], async (place) => {
    const disks = new Disks(place, true);
    const [one, two] = [join(place, 'one'), join(place, 'two')];
    await mkdir(one);
    await using _one = await disks.hold(one, size);
    expect(await disks.clone(one, two)).toBe(false);
    await using _two = await disks.hold(two, size);
    await expect(readFile(join(two, 'disk', 'file'))).rejects.toThrow('ENOENT');
  });
});
