/**
 * Folders that are being filled from a snapshot. Each name is reached through the descriptor of its folder, so no path is too
 * long; files come before links, so that nothing can lead through one.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  futimesSync,
  lchownSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { type Entry, type FileEntry, nameBytes } from './entry.ts';
import { inFolder, TreeUnfit } from './walk.ts';

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_WRONLY } = constants;

export class Target implements Disposable {
  readonly #disk: string | undefined;
  readonly #owner: number | undefined;
  /** The folders that lead to the one that was needed last. */
  readonly #open: { name: string; fd: number }[] = [];

  /** @param disk holds the two folders; undefined: everything is checked, nothing is written */
  constructor(disk: string | undefined, owner: number | undefined) {
    this.#disk = disk;
    this.#owner = owner;
  }

  folder(path: string): void {
    // The two at the top are there already.
    if (this.#disk !== undefined && path.includes('/')) mkdirSync(this.#at(path), { mode: 0o700 });
  }

  /** @throws TreeUnfit when the content isn't that of the entry */
  file(entry: FileEntry, content: Iterable<Buffer>): void {
    const { path, sha256, size, mode, sparse } = entry;
    const hash = createHash('sha256');
    let at = 0;
    const fd = this.#disk === undefined ? undefined : openSync(this.#at(path), O_WRONLY | O_CREAT | O_EXCL, 0o600);
    try {
      for (const chunk of content) {
        hash.update(chunk);
        if (fd !== undefined) write(fd, chunk, at, sparse === true);
        at += chunk.length;
      }
      if (at !== size || hash.digest('hex') !== sha256) throw new TreeUnfit("a file's content is not what it was");
      if (fd === undefined) return;
      if (sparse) ftruncateSync(fd, size);
      this.#finish(fd, mode, entry.mtimeNs);
    } finally {
      if (fd !== undefined) closeSync(fd);
    }
  }

  /** Links and pipes, then what folders are to look like: filling them changes their times. */
  others(entries: readonly Entry[]): void {
    if (this.#disk === undefined) return;
    for (const entry of entries) {
      if (entry.kind === 'same') this.#same(entry.as, entry.path);
      else if (entry.kind === 'link') {
        const at = this.#at(entry.path);
        symlinkSync(nameBytes(entry.target), at);
        this.#own(at, entry.mtimeNs);
      } else if (entry.kind === 'pipe') this.#pipe(entry);
    }
    for (const entry of entries.toReversed()) {
      if (entry.kind === 'folder') this.#finish(this.#folderAt(entry.path.split('/')), entry.mode, entry.mtimeNs);
    }
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#open.splice(0)) closeSync(fd);
  }

  #same(as: string, path: string): void {
    const [name, folder] = split(as);
    // Of its own: the next one would close it.
    const fd = openSync(`/proc/self/fd/${this.#folderAt(folder)}`, O_RDONLY | O_DIRECTORY);
    try {
      linkSync(inFolder(fd, name), this.#at(path));
    } finally {
      closeSync(fd);
    }
  }

  #pipe({ path, mode, mtimeNs }: { path: string; mode: number; mtimeNs: string }): void {
    // Node makes no pipes, and gives a program no arguments that aren't UTF-8.
    const [name, folder] = split(path);
    const cwd = `/proc/self/fd/${this.#folderAt(folder)}`;
    const args = ['-m', (mode & 0o777).toString(8), '--', `./${name.toString('utf8')}`];
    const made = spawnSync('mkfifo', args, { cwd, env: { PATH: '/usr/bin:/bin' } });
    if (made.status !== 0) throw new TreeUnfit('a pipe could not be made');
    this.#own(this.#at(path), mtimeNs);
  }

  #own(at: Buffer, mtimeNs: string): void {
    if (this.#owner !== undefined) lchownSync(at, this.#owner, this.#owner);
    lutimesSync(at, seconds(mtimeNs), seconds(mtimeNs));
  }

  #finish(fd: number, mode: number, mtimeNs: string): void {
    if (this.#owner !== undefined) fchownSync(fd, this.#owner, this.#owner);
    // After chown, which takes set-user-id bits away.
    fchmodSync(fd, mode);
    futimesSync(fd, seconds(mtimeNs), seconds(mtimeNs));
  }

  #at(path: string): Buffer {
    const [name, folder] = split(path);
    return inFolder(this.#folderAt(folder), name);
  }

  #folderAt(parts: readonly string[]): number {
    const open = this.#open;
    let common = 0;
    while (common < open.length && common < parts.length && open[common]?.name === parts[common]) common += 1;
    for (const { fd } of open.splice(common)) closeSync(fd);
    for (const name of parts.slice(common)) {
      const above = open.at(-1)?.fd;
      const at = above === undefined ? Buffer.from(`${this.#disk}/${name}`) : inFolder(above, nameBytes(name));
      open.push({ name, fd: openSync(at, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) });
    }
    const last = open.at(-1);
    if (last === undefined) throw new TypeError('no folder');
    return last.fd;
  }
}

function split(path: string): [name: Buffer, folder: string[]] {
  const parts = path.split('/');
  return [nameBytes(parts.pop() ?? ''), parts];
}

const holeBytes = 64 * 1024;
const zeros = Buffer.alloc(holeBytes);

/** @param holes leaves out what is zero; the file must be as long as it is to be in the end */
function write(fd: number, chunk: Buffer, at: number, holes: boolean): void {
  const step = holes ? holeBytes : chunk.length;
  for (let from = 0; from < chunk.length; from += step) {
    const part = chunk.subarray(from, from + step);
    if (holes && part.equals(zeros.subarray(0, part.length))) continue;
    for (let done = 0; done < part.length; ) done += writeSync(fd, part, done, part.length - done, at + from + done);
  }
}

/** Node takes times in doubles, which are exact to a quarter of a microsecond: the middle of one stays in it. */
function seconds(ns: string): number {
  return (Number(BigInt(ns) / 1000n) + 0.5) / 1_000_000;
}
