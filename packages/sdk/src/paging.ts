/** Lists as iterators: page after page, every item once, also while more come. */
import type { CallOptions, Requests } from './request.ts';
import type { ListSessionsOptions, Message, Session, SessionEvent } from './types.ts';

const usualPageSize = 100;

/** How an iterator reads. */
export interface PagingOptions extends Pick<CallOptions, 'signal'> {
  /** Items asked for at once, 1 to 1000. Default 100. */
  pageSize?: number | undefined;
}

export type PagingCalls = ReturnType<typeof pagingCalls>;

/** The calls that go through whole lists. */
export function pagingCalls(requests: Requests) {
  return {
    /**
     * All sessions, newest first, each once. Those that are created meanwhile may be missing.
     *
     * @param filter an agent's name, or `{ agent, status }`
     * @param options `pageSize`, `signal` to stop
     * @example for await (const session of client.iterateSessions({ status: 'active' })) console.log(session.id);
     */
    async *iterateSessions(
      filter: string | Pick<ListSessionsOptions, 'agent' | 'status'> = {},
      options: PagingOptions = {},
    ): AsyncGenerator<Session, void, undefined> {
      const { signal } = options;
      const wanted = typeof filter === 'string' ? { agent: filter } : filter;
      // Pages overlap by one session, which proves that nothing is missing between them.
      const limit = Math.max(2, options.pageSize ?? usualPageSize);
      const given = new Set<string>();
      for (let offset = 0; ; ) {
        const query = { ...wanted, limit, offset };
        const { sessions } = await requests.json('listSessions', { query }, { signal });
        const [first] = sessions;
        if (offset > 0 && (first === undefined || !given.has(first.id))) {
          // Sessions that no longer match the filter have drawn the others nearer.
          offset = Math.max(0, offset - limit);
          continue;
        }
        for (const session of sessions) {
          if (given.has(session.id)) continue;
          signal?.throwIfAborted();
          given.add(session.id);
          yield session;
        }
        if (sessions.length < limit) return;
        offset += limit - 1;
      }
    },

    /**
     * All messages of a session, oldest first, each once; also those that come while it reads.
     *
     * @param page `afterSequence` to start after. @param options `pageSize`, `signal` to stop
     * @throws AshApiError `session_not_found`
     */
    iterateMessages(
      id: string,
      page: { afterSequence?: number | undefined } = {},
      options: PagingOptions = {},
    ): AsyncGenerator<Message, void, undefined> {
      const { pageSize: limit = usualPageSize, signal } = options;
      return bySequence(page.afterSequence, signal, async (after) => {
        const call = { params: { id }, query: { limit, after } };
        return (await requests.json('listMessages', call, { signal })).messages;
      });
    },

    /**
     * The whole timeline of a session, oldest first, each event once; also those that come while it reads.
     *
     * @param page `afterSequence` to start after, `type` to keep only one. @param options `pageSize`, `signal` to stop
     * @throws AshApiError `session_not_found`
     */
    iterateSessionEvents(
      id: string,
      page: { afterSequence?: number | undefined; type?: string | undefined } = {},
      options: PagingOptions = {},
    ): AsyncGenerator<SessionEvent, void, undefined> {
      const { pageSize: limit = usualPageSize, signal } = options;
      return bySequence(page.afterSequence, signal, async (after) => {
        const call = { params: { id }, query: { limit, after, type: page.type } };
        return (await requests.json('listSessionEvents', call, { signal })).events;
      });
    },
  };
}

/** Pages never split the items of one sequence, and may be short before the end: only an empty one is the end. */
async function* bySequence<T extends { sequence: number }>(
  afterSequence: number | undefined,
  signal: AbortSignal | undefined,
  read: (after: number | undefined) => Promise<readonly T[]>,
): AsyncGenerator<T, void, undefined> {
  for (let after = afterSequence; ; ) {
    const items = await read(after);
    for (const item of items) {
      signal?.throwIfAborted();
      yield item;
    }
    const last = items.at(-1);
    if (last === undefined) return;
    after = last.sequence;
  }
}
