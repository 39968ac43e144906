/** Copies a folder that an agent owns, and may be writing to, into one of another owner. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, constants, type FileHandle, open } from 'node:fs/promises';
import { errors } from '@ash-ai/shared';

/**
 * Copies what is in `from` into the empty folder `to`: links as links, modes and times as they are, holes as holes, by
 * reference where the file system can. `cp` runs with the rights of the folder's owner, because it goes by names: who
 * swaps a folder with a link meanwhile gets a copy of what they could read anyway.
 *
 * @param uids.reader kernel user that owns `from`; undefined leaves it with this process
 * @param uids.owner kernel user that is to own the copy
 * @throws fork_failed
 */
export async function copyFolder(
  from: string,
  to: string,
  { reader, owner }: { reader: number | undefined; owner: number | undefined },
): Promise<void> {
  await using target = await open(to, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  if (reader !== undefined) await target.chown(reader, reader);
  await run('cp', ['-a', '--reflink=auto', '--', '.', '/proc/self/fd/3/'], { cwd: from, uid: reader, target });
  await giveTo(to, owner);
}

/** Makes all of a folder that nobody writes to another user's. @param owner undefined leaves it as it is */
export async function giveTo(folder: string, owner: number | undefined): Promise<void> {
  if (owner === undefined) return;
  await run('chown', ['-R', '-h', `${owner}:${owner}`, '--', '.'], { cwd: folder, uid: undefined, target: undefined });
  await chown(folder, owner, owner);
}

async function run(
  program: string,
  args: string[],
  { cwd, uid, target }: { cwd: string; uid: number | undefined; target: FileHandle | undefined },
): Promise<void> {
  const child = spawn(program, args, {
    cwd,
    ...(uid === undefined ? {} : { uid, gid: uid }),
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['ignore', 'ignore', 'pipe', ...(target === undefined ? [] : [target.fd])],
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    if (said.length < 64 * 1024) said += chunk.toString('utf8');
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code === 0) return;
  // What a running agent removes while it is being copied is not missed.
  const serious = said.split('\n').filter((line) => line !== '' && !line.endsWith(': No such file or directory'));
  if (serious.length > 0 || said === '') throw errors.fork_failed({ reason: (serious[0] ?? program).slice(0, 300) });
}
