/** Reads event streams as they come over the wire, item by item, and comes back with its cursor when one breaks. */
import { setTimeout as delay } from 'node:timers/promises';
import { readSse } from '@ash-ai/shared';
import type { Connection, Item, View } from './evidence.ts';
import type { World } from './world.ts';

/** What a reader does with an item; true: it has had enough of this connection. */
export type OnItem = (item: Item) => boolean | Promise<boolean>;

/** Reads a stream to its end, or until it has had enough; whatever breaks it is noted, not thrown. */
export async function readConnection(
  response: Response,
  after: string | undefined,
  onItem: OnItem,
): Promise<Connection> {
  const connection: Connection = { after, items: [], loose: [], end: 'open' };
  try {
    if (response.body === null) throw new Error('no body');
    for await (const { event, data, id } of readSse(response.body)) {
      connection.loose.push({ event, data });
      if (id === undefined) continue;
      const item = { id, frames: connection.loose };
      connection.loose = [];
      connection.items.push(item);
      if (!(await onItem(item))) continue;
      connection.end = 'left';
      return connection;
    }
    connection.end = 'closed';
  } catch {
    connection.end = 'cut';
  }
  return connection;
}

/** Follows a session, or one turn of it, over as many connections as it takes. */
export class Follower {
  readonly view: View;
  readonly #world: World;
  readonly #sessionId: string;
  readonly #onItem: OnItem;
  readonly #over = new AbortController();
  readonly #fromStart: boolean;
  readonly #awayMs: number;
  #cursor: string | undefined;
  #left = new AbortController();

  constructor(
    world: World,
    sessionId: string,
    options: { view: View; onItem: OnItem; awayMs?: number; fromStart?: boolean; cursor?: string | undefined },
  ) {
    this.#world = world;
    this.#sessionId = sessionId;
    this.view = options.view;
    this.#onItem = options.onItem;
    this.#awayMs = options.awayMs ?? 0;
    this.#fromStart = options.fromStart ?? false;
    this.#cursor = options.cursor;
  }

  /** The newest entry seen. */
  get seq(): number {
    return Number(this.#cursor?.split('.')[0] ?? 0);
  }

  /** Reads until it is told to stop, or until its turn is done. */
  async run(): Promise<void> {
    const { turnId, previews } = this.view;
    while (!this.#over.signal.aborted) {
      const query = new URLSearchParams({ includePartialMessages: String(previews) });
      if (turnId !== undefined) query.set('turnId', turnId);
      const after = this.#fromStart ? undefined : this.#cursor;
      this.#left = new AbortController();
      const response = await this.#world
        .call('GET', `/api/sessions/${this.#sessionId}/stream?${query}`, {
          headers: after === undefined ? {} : { 'last-event-id': after },
          signal: AbortSignal.any([this.#left.signal, this.#over.signal]),
        })
        .catch(() => undefined);
      if (response?.status !== 200) {
        await response?.body?.cancel();
        await delay(50);
        continue;
      }
      const connection = await readConnection(response, after, async (item) => {
        this.#cursor = item.id;
        return (await this.#onItem(item)) || this.#over.signal.aborted;
      });
      this.view.connections.push(connection);
      if (turnId !== undefined && isDone(connection)) return;
      if (connection.end === 'left') await delay(this.#awayMs);
    }
  }

  /** Has it come back, as a client does whose connection was dropped by a middleman. */
  drop(): void {
    this.#left.abort();
  }

  stop(): void {
    this.#over.abort();
  }
}

/** Whether a connection ended as a turn's stream must: with `done`. */
export function isDone({ items, loose }: Connection): boolean {
  return items.at(-1)?.frames.at(-1)?.event === 'done' || loose.at(-1)?.event === 'done';
}
