/**
 * The disks of sessions: an image in a session's folder, mounted while somebody holds it or a sandbox lives on it.
 * Counting holders is enough because a record stands for a live sandbox, also across servers.
 */
import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errors } from '@ash-ai/shared';
import { diskOf } from '../isolation/layout.ts';
import { hasRecord } from '../sandbox-record.ts';
import { isThere } from '../workspace/exists.ts';
import {
  BrokenImage,
  cloneImage,
  type DiskSize,
  makeImage,
  mountImage,
  mountsBelow,
  sizeOf,
  unmount,
} from './image.ts';

export class Disks {
  readonly #sandboxesDir: string;
  readonly #images: boolean;
  readonly #holders = new Map<string, number>();
  /** Mounting and unmounting of one disk, one after another. */
  readonly #queues = new Map<string, Promise<void>>();

  /** @param images false leaves disks that are there unmounted no longer than before, and makes no new ones */
  constructor(sandboxesDir: string, images: boolean) {
    this.#sandboxesDir = sandboxesDir;
    this.#images = images;
  }

  /**
   * Has the session's disk mounted until it is let go of.
   * @param size makes one if there is none and the folder is new
   * @throws workspace_lost when it is broken
   */
  async hold(sandboxDir: string, size?: DiskSize): Promise<AsyncDisposable> {
    this.#holders.set(sandboxDir, (this.#holders.get(sandboxDir) ?? 0) + 1);
    const letGo = async () => {
      const left = (this.#holders.get(sandboxDir) ?? 1) - 1;
      if (left === 0) this.#holders.delete(sandboxDir);
      else this.#holders.set(sandboxDir, left);
      await this.rest(sandboxDir);
    };
    try {
      await this.#inTurn(sandboxDir, () => this.#mount(sandboxDir, size));
    } catch (cause) {
      await letGo();
      throw cause;
    }
    return { [Symbol.asyncDispose]: letGo };
  }

  /** Makes the disk of a new folder from that of one that is held, by reference; false where that can't be. */
  async clone(from: string, to: string): Promise<boolean> {
    if (!this.#images || !(await isMounted(from))) return false;
    await mkdir(to, { recursive: true, mode: 0o711 });
    return await cloneImage(diskOf(from), join(from, 'disk.img'), join(to, 'disk.img'));
  }

  /** Unmounts the disk unless it is held or a sandbox lives on it. */
  async rest(sandboxDir: string): Promise<void> {
    await this.#inTurn(sandboxDir, async () => {
      if (this.#holders.has(sandboxDir)) return;
      if (hasRecord(await readdir(sandboxDir).catch(() => []))) return;
      if (await isMounted(sandboxDir)) await unmount(diskOf(sandboxDir));
    });
  }

  /** Unmounts all that nobody needs. */
  async sweep(): Promise<void> {
    for (const place of await mountsBelow(this.#sandboxesDir)) await this.rest(dirname(place));
  }

  /** The size of the disk of a session that holds it; undefined when it has none of its own. */
  async sizeOf(sandboxDir: string): Promise<DiskSize | undefined> {
    return (await isMounted(sandboxDir)) ? await sizeOf(diskOf(sandboxDir)) : undefined;
  }

  async #mount(sandboxDir: string, size: DiskSize | undefined): Promise<void> {
    const image = join(sandboxDir, 'disk.img');
    const place = diskOf(sandboxDir);
    if (!(await isThere(image))) {
      // A folder that has no image by now has its files in the open, and keeps them there.
      if (!this.#images || size === undefined || (await isThere(join(place, 'workspace')))) return;
      await mkdir(sandboxDir, { recursive: true, mode: 0o711 });
      await makeImage(image, size);
    }
    if (await isMounted(sandboxDir)) return;
    await mkdir(place, { recursive: true, mode: 0o711 });
    await mountImage(image, place).catch((cause: unknown) => {
      if (!(cause instanceof BrokenImage)) throw cause;
      throw errors.workspace_lost({ sessionId: basename(sandboxDir), reason: cause.message }, { cause });
    });
  }

  async #inTurn(sandboxDir: string, work: () => Promise<void>): Promise<void> {
    const before = this.#queues.get(sandboxDir) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(work);
    this.#queues.set(sandboxDir, mine);
    try {
      await mine;
    } finally {
      if (this.#queues.get(sandboxDir) === mine) this.#queues.delete(sandboxDir);
    }
  }
}

/** Whether the disk of a folder is an image, and mounted. */
export async function isMounted(sandboxDir: string): Promise<boolean> {
  return (await mountsBelow(sandboxDir)).includes(diskOf(sandboxDir));
}
