/** Keeps some room on the disk for what was accepted: a message that comes when there is less is refused. */
import { statfs } from 'node:fs/promises';
import { errors } from '@ash-ai/shared';

/** How long a look at the disk holds, in ms. */
const holdsMs = 1000;

export class DiskReserve {
  readonly #dir: string;
  readonly #minFreeMb: number;
  readonly #now: () => number;
  #looked: { at: number; free: Promise<number> } | undefined;

  /** @param now a clock that only goes forward, in ms */
  constructor(dir: string, minFreeMb: number, now = () => performance.now()) {
    this.#dir = dir;
    this.#minFreeMb = minFreeMb;
    this.#now = now;
  }

  /** @throws storage_full */
  async mayAccept(): Promise<void> {
    if (this.#minFreeMb === 0) return;
    const at = this.#now();
    if (this.#looked === undefined || at - this.#looked.at >= holdsMs) this.#looked = { at, free: freeMb(this.#dir) };
    if ((await this.#looked.free) < this.#minFreeMb) throw errors.storage_full();
  }
}

async function freeMb(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return (bavail * bsize) / (1024 * 1024);
}
