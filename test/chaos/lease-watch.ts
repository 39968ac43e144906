/** Watches who has the sessions' leases, by the database: the one thing that the trace needs and the API doesn't tell. */
import { DatabaseSync } from 'node:sqlite';
import type { Lease } from './evidence.ts';

/** How often it looks, in ms: lives of servers are longer. */
const everyMs = 250;

export class LeaseWatch implements Disposable {
  readonly #path: string | undefined;
  readonly #starts: () => number;
  readonly #watched = new Map<string, Lease[]>();
  #timer: NodeJS.Timeout | undefined;

  /** @param path of the database; undefined when it can't be looked into. @param starts how many servers there were */
  constructor(path: string | undefined, starts: () => number) {
    this.#path = path;
    this.#starts = starts;
  }

  /** @param leases where changes are noted, until it is disposed */
  watch(sessionId: string, leases: Lease[]): Disposable {
    this.#watched.set(sessionId, leases);
    this.#timer ??= setInterval(() => this.#look(), everyMs);
    return {
      [Symbol.dispose]: () => {
        this.#look();
        this.#watched.delete(sessionId);
        if (this.#watched.size === 0) this[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#path === undefined) return;
    for (const { id, epoch, owner } of leasesIn(this.#path, [...this.#watched.keys()])) {
      const leases = this.#watched.get(id);
      const last = leases?.at(-1);
      if (last?.epoch !== epoch || last.owner !== owner) leases?.push({ starts: this.#starts(), epoch, owner });
    }
  }
}

/** Opened for each look: a connection that stays would change what a server does with its journal when it ends. */
function leasesIn(path: string, ids: string[]): (Omit<Lease, 'starts'> & { id: string })[] {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
    const query =
      'select id, lease_epoch as epoch, lease_holder as owner from sessions where id in (select value from json_each(?))';
    return database.prepare(query).all(JSON.stringify(ids)) as unknown as (Omit<Lease, 'starts'> & { id: string })[];
  } catch {
    // Between two servers the file may be such that nobody can read it without writing.
    return [];
  }
}
