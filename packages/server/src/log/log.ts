/** The log room: appends entries durably, tells readers of them, and lets them follow. */
import { errors, type LogEntryType, mayBeWebhookEvent } from '@ash-ai/shared';
import type { Message, SessionEvent } from '@ash-ai/shared/contract';
import type { LogRoom } from '../http/rooms.ts';
import type { SessionSettings } from '../sessions/options.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import { Feed } from './feed.ts';
import type { Batch, EntryItem, PreviewItem } from './feed-item.ts';
import { type FollowOptions, followFeed } from './follow.ts';
import { type Tools, toMessage, toSessionEvents } from './timeline.ts';

/** Feeds without readers are kept until there are so many; then the oldest go. */
const maxIdleFeeds = 1000;

interface Entry {
  feed: Promise<Feed>;
  readers: number;
  /** Publications that came while the feed was being opened. */
  live: Feed | undefined;
  waiting: EntryItem[];
}

export class Log implements LogRoom {
  readonly #store: Store;
  readonly #feeds = new Map<string, Entry>();
  readonly #published: () => void;

  /** @param published called after entries were committed */
  constructor(store: Store, published: () => void = () => undefined) {
    this.#store = store;
    this.#published = published;
  }

  /** Tells readers of entries that are committed. */
  publish(sessionId: string, entries: readonly EntryItem[]): void {
    if (entries.some(({ type }) => mayBeWebhookEvent(type))) this.#published();
    const entry = this.#feeds.get(sessionId);
    if (entry === undefined) return;
    if (entry.live === undefined) entry.waiting.push(...entries);
    else entry.live.publish(entries);
  }

  /** Shows readers a fragment of what is being produced. Nobody watching: nothing happens. */
  publishPreview(sessionId: string, preview: PreviewItem): void {
    this.#feeds.get(sessionId)?.live?.publishPreview(preview);
  }

  /** Keeps the live end of a session in memory from now on, so that its previews can be seen later. */
  async keep(sessionId: string): Promise<void> {
    await this.#entry(sessionId).feed;
  }

  /** Reads what was committed without anybody telling of it. */
  async catchUp(sessionId: string): Promise<void> {
    await this.#feeds.get(sessionId)?.live?.catchUp();
  }

  async messages(tenantId: string, sessionId: string, page: { limit: number; after: number }): Promise<Message[]> {
    await this.#need(tenantId, sessionId);
    const messages: Message[] = [];
    for await (const entry of this.#scan(sessionId, page.after, ['turn_accepted', 'message'])) {
      const message = toMessage(entry, { tenantId, sessionId });
      if (message !== undefined) messages.push(message);
      if (messages.length === page.limit) break;
    }
    return messages;
  }

  async events(
    tenantId: string,
    sessionId: string,
    page: { limit: number; after: number; type?: string | undefined },
  ): Promise<SessionEvent[]> {
    const { settings } = await this.#need(tenantId, sessionId);
    const events: SessionEvent[] = [];
    // A fork has its parent's messages; what happened to its parent did not happen to it.
    const after = Math.max(page.after, (settings as SessionSettings | null)?.fork?.upTo ?? 0);
    let tools: Tools | undefined;
    for await (const entry of this.#scan(sessionId, after)) {
      // Of a turn in whose middle the page begins, the calls may have been before.
      if (entry.turnId !== null) tools ??= await this.#toolsBefore(sessionId, entry);
      const more = toSessionEvents(entry, { tenantId, sessionId }, tools ?? new Map()).filter(
        (event) => page.type === undefined || event.type === page.type,
      );
      // Events of one entry share its sequence, so a page must not end among them.
      if (events.length > 0 && events.length + more.length > page.limit) break;
      events.push(...more);
      if (events.length >= page.limit) break;
    }
    return events;
  }

  async follow(tenantId: string, sessionId: string, options: FollowOptions): Promise<AsyncIterable<Batch>> {
    const session = await this.#need(tenantId, sessionId);
    const { cursor, turnId } = options;
    if (cursor.seq > session.lastSeq) throw errors.cursor_invalid({ cursor: String(cursor.seq) });
    if (turnId !== undefined) {
      const turn = await turnStore.get(this.#store.db, turnId);
      if (turn === undefined || turn.sessionId !== sessionId) throw errors.turn_not_found({ turnId });
      // Whoever asks for a turn that is over is told that it is, also when it has been before.
      if (turn.endedSeq !== null && turn.endedSeq <= cursor.seq)
        return this.#follow(sessionId, { ...options, cursor: { seq: turn.endedSeq - 1, previews: 0 } });
    }
    return this.#follow(sessionId, options);
  }

  async *#follow(sessionId: string, options: FollowOptions): AsyncGenerator<Batch> {
    const entry = this.#entry(sessionId);
    entry.readers += 1;
    try {
      const feed = await entry.feed;
      yield* followFeed(feed, (page) => this.#page(sessionId, page), options);
    } finally {
      entry.readers -= 1;
    }
  }

  async #need(tenantId: string, sessionId: string): Promise<sessionStore.SessionRow> {
    const session = await sessionStore.get(this.#store.db, tenantId, sessionId);
    if (session === undefined) throw errors.session_not_found({ sessionId });
    return session;
  }

  #entry(sessionId: string): Entry {
    const known = this.#feeds.get(sessionId);
    if (known !== undefined) {
      // Youngest last.
      this.#feeds.delete(sessionId);
      this.#feeds.set(sessionId, known);
      return known;
    }
    this.#forgetSome();
    const entry: Entry = { feed: this.#openFeed(sessionId), readers: 0, live: undefined, waiting: [] };
    this.#feeds.set(sessionId, entry);
    entry.feed.then(
      (feed) => {
        entry.live = feed;
        feed.publish(entry.waiting.splice(0));
      },
      () => this.#feeds.delete(sessionId),
    );
    return entry;
  }

  async #openFeed(sessionId: string): Promise<Feed> {
    const lastSeq = await logStore.lastSeq(this.#store.db, sessionId);
    if (lastSeq === undefined) throw errors.session_not_found({ sessionId });
    await this.#store.durable();
    return new Feed(lastSeq, (after) => this.#page(sessionId, { after, upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }));
  }

  #forgetSome(): void {
    if (this.#feeds.size < maxIdleFeeds) return;
    for (const [sessionId, entry] of this.#feeds) {
      if (entry.readers > 0 || entry.live === undefined) continue;
      this.#feeds.delete(sessionId);
      if (this.#feeds.size < maxIdleFeeds) return;
    }
  }

  async #page(
    sessionId: string,
    page: { after: number; upTo: number; limit: number; turnId?: string | undefined },
  ): Promise<EntryItem[]> {
    return (await logStore.readText(this.#store.db, { sessionId, ...page })).map(toItem);
  }

  /** The tools called in an entry's turn before it. */
  async #toolsBefore(sessionId: string, { seq, turnId }: EntryItem): Promise<Tools> {
    const tools: Tools = new Map();
    if (turnId === null) return tools;
    for (let after = 0; ; ) {
      const page = await this.#page(sessionId, { after, upTo: seq - 1, limit: 500, turnId });
      for (const entry of page) toSessionEvents(entry, { tenantId: '', sessionId }, tools);
      if (page.length < 500) return tools;
      after = page.at(-1)?.seq ?? after;
    }
  }

  async *#scan(sessionId: string, after: number, types?: readonly LogEntryType[]): AsyncGenerator<EntryItem> {
    const limit = 200;
    for (let seq = after; ; ) {
      const page = await logStore.readText(this.#store.db, { sessionId, after: seq, limit, types });
      for (const entry of page) yield toItem(entry);
      if (page.length < limit) return;
      seq = page.at(-1)?.seq ?? seq;
    }
  }
}

/** A stored entry as readers see it. */
export function toItem(entry: logStore.StoredLogEntry): EntryItem {
  const { seq, turnId, dataText, createdAt } = entry;
  return { kind: 'entry', seq, type: entry.type as LogEntryType, turnId, data: dataText, createdAt };
}
