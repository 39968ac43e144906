import { expect, test } from 'vitest';
import { AshClient } from '../src/index.ts';
import { sessionId } from './recorded.ts';
import { answerJson, type FixtureServer, startServer } from './server.ts';

interface Item {
  id: string;
  sequence: number;
}

/** A server of lists that a test changes: sessions by offset, messages and events by cursor, as Ash pages them. */
async function startLists(lists: { sessions?: string[]; entries?: Item[] }): Promise<FixtureServer> {
  return await startServer((response, asked) => {
    const { pathname, searchParams } = new URL(asked.url, 'http://server');
    const number = (name: string) => Number(searchParams.get(name) ?? 0);
    if (pathname === '/api/sessions') {
      const page = (lists.sessions ?? []).slice(number('offset'), number('offset') + number('limit'));
      return answerJson(response, 200, { sessions: page.map((id) => ({ id })) });
    }
    const rest = (lists.entries ?? []).filter(({ sequence }) => sequence > number('after'));
    // Items of one sequence are never split: a page may be short, or longer than asked.
    const size =
      rest.findLastIndex(({ sequence }, at) => at < number('limit') && rest[at + 1]?.sequence !== sequence) + 1;
    const end = size > 0 ? size : rest.filter(({ sequence }) => sequence === rest[0]?.sequence).length;
    answerJson(response, 200, { [pathname.endsWith('/events') ? 'events' : 'messages']: rest.slice(0, end) });
  });
}

function itemsOf(...sequences: number[]): Item[] {
  return sequences.map((sequence, at) => ({ id: `${sequence}.${at}`, sequence }));
}

test.for([1, 2, 3, 4, 100])(
  'messages and events come once each, with those that come meanwhile (pages of %i)',
  async (pageSize) => {
    const entries = itemsOf(1, 3, 3, 3, 4, 7, 7, 9);
    await using server = await startLists({ entries });
    const client = new AshClient({ serverUrl: server.url });
    for (const iterate of [client.iterateMessages, client.iterateSessionEvents]) {
      const got: Item[] = [];
      for await (const item of iterate(sessionId, {}, { pageSize })) {
        got.push(item);
        const last = entries.at(-1)?.sequence ?? 0;
        if (got.length % 2 === 0 && got.length < 20) entries.push(...itemsOf(last + 2, last + 2));
      }
      expect(got).toEqual(entries);
    }
  },
);

test('a list goes on after a sequence, and keeps its type', async () => {
  await using server = await startLists({ entries: itemsOf(1, 2, 3) });
  const client = new AshClient({ serverUrl: server.url });
  const events = client.iterateSessionEvents(sessionId, { afterSequence: 1, type: 'text' }, { pageSize: 1 });
  expect((await Array.fromAsync(events)).map(({ sequence }) => sequence)).toEqual([2, 3]);
  expect(server.asked.map(({ url }) => url.split('?')[1])).toEqual([
    'limit=1&after=1&type=text',
    'limit=1&after=2&type=text',
    'limit=1&after=3&type=text',
  ]);
});

const hundred = Array.from({ length: 100 }, (_, at) => `s${at}`);

test.for([1, 2, 7, 50, 100, 1000])(
  'sessions come once each, though others are created (pages of %i)',
  async (pageSize) => {
    const sessions = [...hundred];
    await using server = await startLists({ sessions });
    const got: string[] = [];
    for await (const { id } of new AshClient({ serverUrl: server.url }).iterateSessions('a', { pageSize })) {
      got.push(id);
      if (got.length % 3 === 0 && got.length < 60) sessions.unshift(`new${got.length}`);
    }
    expect(got.filter((id) => id.startsWith('s'))).toEqual(hundred);
    expect(new Set(got).size).toBe(got.length);
    expect(server.asked.every(({ url }) => url.includes('agent=a'))).toBe(true);
  },
);

test.for([2, 7, 50, 100])('none is left out when others leave the list (pages of %i)', async (pageSize) => {
  const sessions = [...hundred];
  await using server = await startLists({ sessions });
  const got: string[] = [];
  const client = new AshClient({ serverUrl: server.url });
  for await (const { id } of client.iterateSessions({ status: 'active' }, { pageSize })) {
    got.push(id);
    // As a program does that ends what it finds.
    sessions.splice(sessions.indexOf(id), 1);
  }
  expect(got).toEqual(hundred);
});

test('an abort ends the iteration between two items, and before the first', async () => {
  await using server = await startLists({ sessions: hundred, entries: itemsOf(1, 2, 3) });
  const client = new AshClient({ serverUrl: server.url });
  const all: ((signal: AbortSignal) => AsyncIterable<unknown>)[] = [
    (signal) => client.iterateSessions({}, { signal }),
    (signal) => client.iterateMessages(sessionId, {}, { signal }),
    (signal) => client.iterateSessionEvents(sessionId, {}, { signal }),
  ];
  for (const iterate of all) {
    const stop = new AbortController();
    let count = 0;
    const reading = (async () => {
      for await (const _ of iterate(stop.signal)) if (++count === 2) stop.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    expect(count).toBe(2);
    await expect(Array.fromAsync(iterate(stop.signal))).rejects.toThrow('enough');
  }
});

test('what the server refuses is thrown', async () => {
  await using server = await startServer((response) =>
    answerJson(response, 404, { error: 'Session gone not found', statusCode: 404, code: 'session_not_found' }),
  );
  const client = new AshClient({ serverUrl: server.url });
  await expect(Array.fromAsync(client.iterateMessages(sessionId))).rejects.toMatchObject({ code: 'session_not_found' });
});
