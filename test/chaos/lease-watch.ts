/** Watches who has a session's lease, by the database: the one thing that the trace needs and the API doesn't tell. */
import { DatabaseSync } from 'node:sqlite';
import type { Lease } from './evidence.ts';
import type { World } from './world.ts';

/** How often it looks, in ms: lives of servers are longer. */
const everyMs = 250;

export class LeaseWatch implements AsyncDisposable {
  readonly #timer: NodeJS.Timeout;
  readonly #look: () => void;

  /** @param leases where changes are noted */
  constructor(world: World, sessionId: string, leases: Lease[]) {
    this.#look = () => {
      const path = world.databasePath;
      if (path === undefined) return;
      const row = leaseOf(path, sessionId);
      const last = leases.at(-1);
      if (row === undefined || (last?.epoch === row.epoch && last.owner === row.owner)) return;
      leases.push({ starts: world.starts, ...row });
    };
    this.#timer = setInterval(this.#look, everyMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#look();
  }
}

function leaseOf(path: string, sessionId: string): Omit<Lease, 'starts'> | undefined {
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
    const query = 'select lease_epoch as epoch, lease_holder as owner from sessions where id = ?';
    return database.prepare(query).get(sessionId) as Omit<Lease, 'starts'> | undefined;
  } catch {
    // Between two servers the file may be such that nobody can read it without writing.
    return undefined;
  }
}
