/** Reads a session's log from a cursor: stored entries, then live ones, each exactly once and in order. */
import { type Cursor, formatCursor } from '@ash-ai/shared';
import { closesRun, type Feed } from './feed.ts';
import type { EntryItem, Followed } from './feed-item.ts';

const pageSize = 500;

export interface FollowOptions {
  cursor: Cursor;
  /** Only this turn, ending with its `turn_ended`. */
  turnId?: string | undefined;
  previews: boolean;
  signal: AbortSignal;
}

/** Reads a page of committed entries: of one turn or of all. */
export type ReadPage = (page: {
  after: number;
  upTo: number;
  limit: number;
  turnId?: string | undefined;
}) => Promise<EntryItem[]>;

export async function* followFeed(feed: Feed, readPage: ReadPage, options: FollowOptions): AsyncGenerator<Followed> {
  const { turnId, signal } = options;
  let { seq, previews: seen } = options.cursor;
  let position = -1;

  const ends = (entry: EntryItem): boolean =>
    turnId !== undefined && entry.type === 'turn_ended' && entry.turnId === turnId;
  const pass = (entry: EntryItem): Followed => {
    seq = entry.seq;
    if (closesRun(entry)) seen = 0;
    return { item: entry, cursor: formatCursor({ seq, previews: seen }) };
  };

  while (!signal.aborted) {
    if (position < feed.base) {
      if (seq < feed.startSeq) {
        // No further: what the feed has, it has with the previews in between.
        const upTo = feed.startSeq;
        const page = await readPage({ after: seq, upTo, limit: pageSize, turnId });
        for (const entry of page) {
          yield pass(entry);
          if (ends(entry)) return;
        }
        if (page.length < pageSize) seq = Math.max(seq, upTo);
        continue;
      }
      position = feed.positionAfter(seq);
    }
    const item = feed.at(position);
    if (item === undefined) {
      await feed.wait(position, signal);
      continue;
    }
    position += 1;
    if (item.kind === 'entry') {
      if (item.seq <= seq) continue;
      const followed = pass(item);
      if (turnId !== undefined && item.turnId !== turnId) continue;
      yield followed;
      if (ends(item)) return;
    } else if (item.index === seen + 1) {
      // Any other index was seen before, or comes after a gap; then the complete message takes its place.
      seen = item.index;
      if (!options.previews || (turnId !== undefined && item.turnId !== turnId)) continue;
      yield { item, cursor: formatCursor({ seq, previews: seen }) };
    }
  }
}
