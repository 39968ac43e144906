/** Finds a place for every content of a snapshot, and writes what has none yet. */
import { createHash } from 'node:crypto';
import { closeSync, fstatSync } from 'node:fs';
import { join } from 'node:path';
import { contentOf } from './content.ts';
import type { Before } from './earlier.ts';
import type { FileEntry, Place } from './entry.ts';
import { names, type PackHead } from './head.ts';
import { PackWriter } from './pack-file.ts';
import type { Found } from './walk.ts';

/** Files up to this size are read once, larger ones twice if they are new. */
const smallBytes = 8 * 1024 * 1024;
/** A file whose time of change is as young as this may have changed again within the same tick of the clock. */
const doubtNs = 2_000_000_000n;

/** The agent version's folder: its name, and paths in it by the hash of their content. */
export interface Agent {
  name: string;
  index: Map<string, string>;
}

export class Places {
  readonly #target: { folder: string; n: number };
  readonly #before: Before | undefined;
  readonly #known = new Map<string, Place>();
  #pack: PackWriter | undefined;

  constructor(target: { folder: string; n: number }, before: Before | undefined, agent: Agent | undefined) {
    this.#target = target;
    this.#before = before;
    for (const { sha256, place, size } of before?.byPath.values() ?? []) {
      if (size > 0 && this.#lives(place, agent)) this.#known.set(sha256, place);
    }
    for (const [sha256, path] of agent?.index ?? []) this.#known.set(sha256, { agent: path });
  }

  /** The entry of a file; undefined when it is gone. */
  file({ path, stats, open }: Found): FileEntry | undefined {
    const facts = {
      ...{ kind: 'file' as const, path, mode: Number(stats.mode & 0o7777n), mtimeNs: String(stats.mtimeNs) },
      ...{ ino: String(stats.ino), ctimeNs: String(stats.ctimeNs) },
    };
    const old = this.#before?.byPath.get(path);
    if (old !== undefined && this.#unchanged(old, facts, stats)) {
      const place = old.size === 0 ? old.place : this.#known.get(old.sha256);
      if (place !== undefined) return { ...old, ...facts, place };
    }
    const fd = open();
    if (fd === undefined) return undefined;
    try {
      const { size, blocks } = fstatSync(fd);
      const sparse = blocks * 512 < size ? { sparse: true as const } : {};
      return { ...facts, size, ...this.#keep(path, fd, size), ...sparse };
    } finally {
      closeSync(fd);
    }
  }

  end(): PackHead | undefined {
    return this.#pack?.end();
  }

  #keep(path: string, fd: number, size: number): { sha256: string; place: Place } {
    const small = size <= smallBytes ? wholeOf(fd, size) : undefined;
    const first = createHash('sha256');
    for (const chunk of small === undefined ? contentOf(fd, size) : [small]) first.update(chunk);
    const seen = first.digest('hex');
    if (size === 0) return { sha256: seen, place: { pack: 0, offset: 0 } };
    const known = this.#known.get(seen);
    if (known !== undefined) return { sha256: seen, place: known };
    this.#pack ??= new PackWriter(join(this.#target.folder, names.pack(this.#target.n)), this.#target.n);
    // What is written is what counts, also when somebody changes a large file between the two times of reading it.
    const written = createHash('sha256');
    const noted = function* (chunks: Iterable<Buffer>) {
      for (const chunk of chunks) {
        written.update(chunk);
        yield chunk;
      }
    };
    const offset = this.#pack.add(path, size, noted(small === undefined ? contentOf(fd, size) : [small]));
    const place = { pack: this.#target.n, offset };
    const sha256 = written.digest('hex');
    this.#known.set(sha256, place);
    return { sha256, place };
  }

  #unchanged(old: FileEntry, facts: Pick<FileEntry, 'ino' | 'ctimeNs' | 'mtimeNs'>, { size, ctimeNs }: Found['stats']) {
    const before = this.#before;
    return (
      before !== undefined &&
      old.ino === facts.ino &&
      old.ctimeNs === facts.ctimeNs &&
      old.mtimeNs === facts.mtimeNs &&
      BigInt(old.size) === size &&
      ctimeNs + doubtNs < before.scannedAtNs
    );
  }

  #lives(place: Place, agent: Agent | undefined): boolean {
    if ('agent' in place) return agent !== undefined && agent.name === this.#before?.agent;
    return this.#before?.dying.has(place.pack) === false;
  }
}

function wholeOf(fd: number, size: number): Buffer {
  const whole = Buffer.alloc(size);
  let at = 0;
  for (const chunk of contentOf(fd, size)) at += chunk.copy(whole, at);
  return whole;
}
