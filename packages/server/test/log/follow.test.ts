/** Following the live end of a log: whoever reads, from wherever and with whomever, sees the same, each thing once. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Feed } from '../../src/log/feed.ts';
import type { Batch, EntryItem } from '../../src/log/feed-item.ts';
import { followFeed, type ReadPage } from '../../src/log/follow.ts';

const createdAt = '2026-01-01T00:00:00.000Z';
const entry = (seq: number, type: EntryItem['type'] = 'message', size = 1): EntryItem => ({
  ...{ kind: 'entry', seq, type, turnId: 'turn', createdAt },
  data: 'x'.repeat(size),
});
const preview = (index: number) => ({ kind: 'preview', turnId: 'turn', index, data: `${index}` }) as const;
const turnOfEvents = () => new Promise((resolve) => setImmediate(resolve));

/** A log that begins at entry 1, of which the feed knows from `from` on. */
function logFrom(from: number): { stored: EntryItem[]; feed: Feed; read: () => Promise<EntryItem[]> } {
  const stored = Array.from({ length: from }, (_, index) => entry(index + 1));
  const page = async ({ after, upTo, limit }: { after: number; upTo: number; limit: number }) =>
    stored.filter(({ seq }) => seq > after && seq <= upTo).slice(0, limit);
  const feed = new Feed(from, (after) => page({ after, upTo: Number.MAX_SAFE_INTEGER, limit: 1000 }));
  return { stored, feed, read: page as never };
}

/** What a reader has been given, until `count` things, or the turn's end. */
async function seen(batches: AsyncIterable<Batch>, count = Number.POSITIVE_INFINITY): Promise<string[]> {
  const cursors: string[] = [];
  for await (const { items } of batches) {
    cursors.push(...items.map(({ cursor }) => cursor));
    if (cursors.length >= count) break;
  }
  return cursors;
}

test('readers who come at any time and from any place see all after it, once and in order', async () => {
  const step = fc.constantFrom('entry', 'previews', 'large', 'wait', 'reader');
  await fc.assert(
    fc.asyncProperty(fc.nat(5), fc.array(step, { maxLength: 40 }), fc.nat(), async (from, steps, chance) => {
      const { stored, feed, read } = logFrom(from);
      const { signal } = new AbortController();
      const readers: { after: number; cursors: Promise<string[]> }[] = [];
      let index = 0;
      const publish = (item: EntryItem): void => {
        stored.push(item);
        feed.publish([item]);
        index = 0;
      };
      for (const what of [...steps, 'reader'] as const) {
        if (what === 'entry') publish(entry(feed.lastSeq + 1));
        else if (what === 'large') publish(entry(feed.lastSeq + 1, 'message', 50_000));
        else if (what === 'wait') await turnOfEvents();
        else if (what === 'previews') {
          for (let more = 0; more < 3; more += 1) feed.publishPreview(preview(++index));
        } else {
          const after = (chance * (readers.length + 1)) % (feed.lastSeq + 1);
          const options = { cursor: { seq: after, previews: 0 }, turnId: 'turn', previews: true, signal };
          readers.push({ after, cursors: seen(followFeed(feed, read, options)) });
        }
      }
      publish(entry(feed.lastSeq + 1, 'turn_ended'));
      for (const { after, cursors } of readers) {
        const all = await cursors;
        const entries = all.filter((cursor) => !cursor.includes('.')).map(Number);
        expect(entries).toEqual(stored.map(({ seq }) => seq).filter((seq) => seq > after));
        // Previews are those after an entry, from the first on.
        for (const [at, cursor] of all.entries()) {
          const [seq, n] = cursor.split('.').map(Number);
          if (n === undefined) continue;
          expect(all[at - 1] ?? String(after)).toBe(n === 1 ? String(seq) : `${seq}.${n - 1}`);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('a thousand who wait are all woken, are given the same object, and wait again', async () => {
  const { feed, read } = logFrom(0);
  const left = new AbortController();
  const given: Batch[][] = Array.from({ length: 1000 }, () => []);
  const readers = given.map(async (batches) => {
    const options = { cursor: { seq: 0, previews: 0 }, previews: true, signal: left.signal };
    for await (const batch of followFeed(feed, read, options)) batches.push(batch);
  });
  await turnOfEvents();
  for (let round = 1; round <= 3; round += 1) {
    feed.publish([entry(2 * round - 1), entry(2 * round)]);
    while (given.some((batches) => batches.length < round)) await turnOfEvents();
    expect(new Set(given.map((batches) => batches[round - 1])).size).toBe(1);
    expect(given[0]?.[round - 1]?.items.map(({ cursor }) => cursor)).toEqual([`${2 * round - 1}`, `${2 * round}`]);
  }
  left.abort();
  await Promise.all(readers);
  expect(given.every((batches) => batches.length === 3)).toBe(true);
});

test('those who were not woken yet have what came meanwhile with it, and nobody is forgotten', async () => {
  const { feed, read } = logFrom(0);
  const { signal } = new AbortController();
  const options = { cursor: { seq: 0, previews: 0 }, turnId: 'turn', previews: false, signal };
  const readers = Array.from({ length: 350 }, () => seen(followFeed(feed, read, options)));
  await turnOfEvents();
  for (let seq = 1; seq <= 20; seq += 1) {
    feed.publish([entry(seq)]);
    await Promise.resolve();
  }
  feed.publish([entry(21, 'turn_ended')]);
  const wanted = Array.from({ length: 21 }, (_, index) => String(index + 1));
  for (const cursors of await Promise.all(readers)) expect(cursors).toEqual(wanted);
});

test('what is large is given in parts, and a reader of one turn ends with it', async () => {
  const { feed, read, stored } = logFrom(0);
  const { signal } = new AbortController();
  const large = Array.from({ length: 10 }, (_, index) => entry(index + 1, 'message', 30_000));
  stored.push(...large, entry(11, 'turn_ended'));
  const options = { cursor: { seq: 0, previews: 0 }, turnId: 'turn', previews: true, signal };
  feed.publish(stored);
  const sizes: number[] = [];
  for await (const { items } of followFeed(feed, read, options)) sizes.push(items.length);
  expect(sizes).toEqual([3, 3, 3, 2]);
});

test('pages of large entries are small, and the entries are all there', async () => {
  const { read, stored } = logFrom(0);
  const { signal } = new AbortController();
  stored.push(
    ...Array.from({ length: 60 }, (_, index) => entry(index + 1, 'message', 100_000)),
    entry(61, 'turn_ended'),
  );
  const limits: number[] = [];
  const counting: ReadPage = (page) => {
    limits.push(page.limit);
    return (read as ReadPage)(page);
  };
  const options = { cursor: { seq: 0, previews: 0 }, turnId: 'turn', previews: true, signal };
  const cursors = await seen(followFeed(new Feed(61, () => Promise.resolve([])), counting, options));
  expect(cursors).toEqual(Array.from({ length: 61 }, (_, index) => String(index + 1)));
  expect(limits.slice(0, 3)).toEqual([20, 5, 5]);
});
