/** A disk in a sparse file: made in 18 ms, mounted in 10 ms, 2 MB when empty; full means ENOSPC inside and nothing outside. */
import { execFile } from 'node:child_process';
import { constants, copyFile, open, readFile, rename, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mayMount } from '../isolation/proc.ts';

const run = promisify(execFile);
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

/** What an inode takes of an image, whether it is used or not. */
const inodeBytes = 256;
const journalMb = 4;

export interface DiskSize {
  diskMb: number;
  inodes: number;
}

/** Makes the image in one step: a file of this name is whole. */
export async function makeImage(image: string, { diskMb, inodes }: DiskSize): Promise<void> {
  const making = `${image}.new`;
  await rm(making, { force: true });
  const file = await open(making, 'wx', 0o600);
  await file.truncate((diskMb + journalMb + 2) * 1024 * 1024 + inodes * inodeBytes);
  await file.close();
  const features = 'lazy_itable_init=1,lazy_journal_init=1,nodiscard';
  const options = [
    '-q',
    '-F',
    '-m',
    '0',
    '-b',
    '4096',
    '-N',
    String(inodes),
    '-J',
    `size=${journalMb}`,
    '-E',
    features,
  ];
  await run('mkfs.ext4', [...options, making], { env });
  await rename(making, image);
}

/**
 * Makes the image of a mounted disk's copy by reference: what was written by now is in it, and its journal is replayed when
 * it is mounted, as after a loss of power. 5,000 files of 200 MB: 20 ms.
 * @returns false where the file system can't
 */
export async function cloneImage(place: string, image: string, to: string): Promise<boolean> {
  const making = `${to}.new`;
  const clone = () => copyFile(image, making, constants.COPYFILE_FICLONE_FORCE);
  try {
    // Whether it works is known before anybody waits for what is not written yet.
    await clone();
    await run('sync', ['-f', '--', place], { env });
    await rm(making);
    await clone();
  } catch (cause) {
    await rm(making, { force: true });
    const { code = '' } = cause as NodeJS.ErrnoException;
    if (['ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EXDEV', 'EINVAL', 'ENOTTY'].includes(code)) return false;
    throw cause;
  }
  await rename(making, to);
  return true;
}

/** What is wrong with an image that can't be mended by itself. */
export class BrokenImage extends Error {
  override readonly name = 'BrokenImage';
}

/**
 * Mounts an image. Nothing in it can be a device or give privileges on the host. One that the kernel found errors in, or
 * can't mount, is mended first as far as that is safe. @throws BrokenImage
 */
export async function mountImage(image: string, place: string): Promise<void> {
  const options = 'loop,nosuid,nodev,noatime,discard,noinit_itable';
  const mount = () => run('mount', ['-n', '-t', 'ext4', '-o', options, '--', image, place], { env });
  if (await hasErrors(image)) await mend(image);
  try {
    await mount();
  } catch {
    await mend(image);
    await mount();
  }
}

/** Whether the superblock says that the kernel has met with an error. */
async function hasErrors(image: string): Promise<boolean> {
  const file = await open(image, 'r');
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 1024 + 0x3a);
    return (buffer.readUInt16LE() & 2) !== 0;
  } finally {
    await file.close();
  }
}

/** Whoever mends without asking may lose files: only what e2fsck calls safe is done. */
async function mend(image: string): Promise<void> {
  await run('e2fsck', ['-p', image], { env }).catch((cause: { code?: unknown; stdout?: string }) => {
    // 1 and 2: errors were found, and mended.
    if (cause.code === 1 || cause.code === 2) return;
    const said = (cause.stdout ?? '').trim().split('\n').at(-1) ?? '';
    throw new BrokenImage(`its disk is broken (${said.replace(/^.*?: /, '').slice(0, 200) || `e2fsck ${cause.code}`})`);
  });
}

/** Unmounts; whoever still reads from it keeps it alive for as long, and nothing else does. */
export async function unmount(place: string): Promise<void> {
  await run('umount', ['-n', '--', place], { env }).catch(() => run('umount', ['-n', '-l', '--', place], { env }));
}

/** Places below a folder where something is mounted. */
export async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  const places = lines.map((line) => (line.split(' ')[4] ?? '').replaceAll('\\040', ' '));
  return places.filter((place) => place.startsWith(`${folder}/`));
}

/** How large a mounted image is inside. */
export async function sizeOf(place: string): Promise<DiskSize> {
  const { blocks, bsize, files } = await statfs(place);
  return { diskMb: Math.ceil((blocks * bsize) / (1024 * 1024)), inodes: files };
}

/** Why images can't be used here, found by trying with a small one; undefined when they can. */
export async function whyNoImages(folder: string): Promise<string | undefined> {
  if (!(await mayMount())) return 'the server may not mount';
  const image = join(folder, `.trial-${process.pid}`);
  const place = `${image}.mount`;
  try {
    await run('mkdir', ['-p', '--', place], { env });
    await makeImage(image, { diskMb: 8, inodes: 1000 });
    await mountImage(image, place);
    await unmount(place);
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? (cause.message.split('\n').at(-2) ?? cause.message) : String(cause);
  } finally {
    await rm(image, { force: true });
    await rm(`${image}.new`, { force: true });
    await run('rmdir', ['--', place], { env }).catch(() => undefined);
  }
}
