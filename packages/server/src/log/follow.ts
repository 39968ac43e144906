/** Reads a session's log from a cursor: stored entries, then live ones, each exactly once and in order. */
import { type Cursor, formatCursor } from '@ash-ai/shared';
import { closesRun, type Feed } from './feed.ts';
import type { Batch, EntryItem, Followed } from './feed-item.ts';
import { Waiter } from './waiter.ts';

/** Entries of the first page, and at most. A page is in memory for as long as its reader takes to read it. */
const firstPage = 20;
const maxPage = 500;
/** What a page should have, in characters of data. */
const pageChars = 512 * 1024;
/** More than this, in characters of data, is not given at once. */
const batchChars = 64 * 1024;

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

type Wanted = Pick<FollowOptions, 'turnId' | 'previews'>;

/** How far a reader has come: the newest entry, the previews after it, and its place in the feed. */
interface Place {
  seq: number;
  seen: number;
  position: number;
}

interface Step {
  batch: Batch;
  after: Place;
  /** Whether nothing comes after it. */
  ends: boolean;
}

/** How many entries of the size of these make a page. */
function limitAfter(page: readonly EntryItem[]): number {
  if (page.length === 0) return firstPage;
  const chars = page.reduce((sum, { data }) => sum + data.length, 1);
  return Math.max(1, Math.min(maxPage, Math.floor((pageChars * page.length) / chars)));
}

export async function* followFeed(feed: Feed, readPage: ReadPage, options: FollowOptions): AsyncGenerator<Batch> {
  const { turnId, signal } = options;
  using waiter = new Waiter(signal);
  let { seq, previews: seen } = options.cursor;
  let position = -1;
  let limit = firstPage;

  while (!signal.aborted) {
    if (position < feed.base) {
      if (seq < feed.startSeq) {
        // No further: what the feed has, it has with the previews in between.
        const upTo = feed.startSeq;
        const page = await readPage({ after: seq, upTo, limit, turnId });
        for (let from = 0; from < page.length; ) {
          const step = ofPage(page, from, { seq, seen, position }, options);
          ({ seq, seen } = step.after);
          from += step.batch.items.length;
          yield step.batch;
          if (step.ends) return;
        }
        if (page.length < limit) seq = Math.max(seq, upTo);
        limit = limitAfter(page);
        continue;
      }
      position = feed.positionAfter(seq);
    }
    const place = { seq, seen, position };
    // Nearly always all who wait are equally far: what they are given is made once.
    const name = `${position} ${seq} ${seen} ${options.previews} ${turnId}`;
    const step = feed.shared(name, () => ofFeed(feed, place, options));
    if (step.after.position === position) {
      await feed.wait(position, waiter);
      continue;
    }
    ({ seq, seen, position } = step.after);
    if (step.batch.items.length > 0) yield step.batch;
    if (step.ends) return;
  }
}

function ofPage(page: readonly EntryItem[], from: number, place: Place, wanted: Wanted): Step {
  const items: Followed[] = [];
  let after = place;
  for (let at = from, chars = 0; at < page.length && chars < batchChars; at += 1) {
    const item = page[at];
    if (item === undefined) break;
    after = afterEntry(after, item);
    chars += item.data.length;
    items.push({ item, cursor: cursorAt(after) });
    if (ends(item, wanted)) return { batch: { items }, after, ends: true };
  }
  return { batch: { items }, after, ends: false };
}

/** What the feed has after a place, up to its end. */
function ofFeed(feed: Feed, place: Place, wanted: Wanted): Step {
  const { turnId, previews } = wanted;
  const items: Followed[] = [];
  let after = place;
  for (let chars = 0; chars < batchChars; ) {
    const item = feed.at(after.position);
    if (item === undefined) break;
    const { seq, seen, position } = after;
    after = { seq, seen, position: position + 1 };
    const ofAnother = turnId !== undefined && item.turnId !== turnId;
    if (item.kind === 'entry') {
      if (item.seq <= seq) continue;
      after = { ...afterEntry(after, item), position: position + 1 };
      if (ofAnother) continue;
    } else {
      // Any other index was seen before, or comes after a gap; then the complete message takes its place.
      if (item.index !== seen + 1) continue;
      after = { seq, seen: item.index, position: position + 1 };
      if (!previews || ofAnother) continue;
    }
    chars += item.data.length;
    items.push({ item, cursor: cursorAt(after) });
    if (item.kind === 'entry' && ends(item, wanted)) return { batch: { items }, after, ends: true };
  }
  return { batch: { items }, after, ends: false };
}

function afterEntry({ seen, position }: Place, entry: EntryItem): Place {
  return { seq: entry.seq, seen: closesRun(entry) ? 0 : seen, position };
}

function cursorAt({ seq, seen }: Place): string {
  return formatCursor({ seq, previews: seen });
}

function ends(entry: EntryItem, { turnId }: Wanted): boolean {
  return turnId !== undefined && entry.type === 'turn_ended' && entry.turnId === turnId;
}
