/** Small rooms in memory behind the real HTTP room: fixtures of its tests. */
import { errors } from '@ash-ai/shared';
import type { Agent, Health, Session } from '@ash-ai/shared/contract';
import type { Rooms } from '../../src/http/rooms.ts';
import type { Followed } from '../../src/log/feed-item.ts';

export const key = 'ash_key';
export const tenantId = 'tenant-1';
export const sessionId = '019a0000-0000-7000-8000-000000000001';
export const turnId = '019a0000-0000-7000-8000-0000000000aa';
const at = '2026-01-01T00:00:00.000Z';

export const session: Session = {
  id: sessionId,
  tenantId,
  agentName: 'bot',
  agentVersion: 1,
  sandboxId: sessionId,
  status: 'active',
  isolation: 'process',
  runnerId: null,
  parentSessionId: null,
  model: null,
  config: null,
  lastSeq: 1,
  createdAt: at,
  lastActiveAt: at,
};

export const agent: Agent = {
  id: '019a0000-0000-7000-8000-0000000000bb',
  name: 'bot',
  tenantId,
  version: 1,
  hash: 'h',
  path: '/agents/bot',
  createdAt: at,
  updatedAt: at,
};

const health: Health = {
  status: 'ok',
  version: '1.2.3',
  coordinatorId: 'test',
  activeSessions: 0,
  activeSandboxes: 0,
  remoteRunners: 0,
  uptime: 1,
  isolation: 'process',
  pool: {
    total: 0,
    cold: 0,
    warming: 0,
    warm: 0,
    waiting: 0,
    running: 0,
    maxCapacity: 1,
    resumeWarmHits: 0,
    resumeColdHits: 0,
    resumeColdLocalHits: 0,
    resumeColdCloudHits: 0,
    resumeColdFreshHits: 0,
    preWarmHits: 0,
  },
};

/** What the rooms were asked, in order. */
export type Asked = [call: string, ...given: unknown[]][];

export type Follow = Rooms['log']['follow'];

/** Rooms that hold one agent and one session of one tenant, and note what they are asked. */
export function fixtureRooms(follow: Follow = async () => itemsOf([])): { rooms: Rooms; asked: Asked } {
  const asked: Asked = [];
  const found = (tenant: string, id: string): Session => {
    if (tenant !== tenantId || id !== sessionId) throw errors.session_not_found({ sessionId: id });
    return session;
  };
  const one = (call: string) => async (tenant: string, id: string) => {
    asked.push([call, id]);
    return found(tenant, id);
  };
  const rooms: Rooms = {
    version: '1.2.3',
    keys: { tenantOf: async (given) => (given === key ? tenantId : given === 'ash_other' ? 'tenant-2' : undefined) },
    agents: {
      deploy: async (_tenant, deployment) => {
        asked.push(['deploy', deployment]);
        return agent;
      },
      list: async () => [agent],
      get: async (_tenant, name) => {
        if (name === 'bug') throw new Error('secret detail');
        if (name !== 'bot') throw errors.agent_not_found({ agent: name });
        return agent;
      },
      delete: async () => undefined,
    },
    sessions: {
      create: async (_tenant, request, idempotencyKey) => {
        asked.push(['create', request, idempotencyKey]);
        return session;
      },
      list: async (_tenant, query) => {
        asked.push(['list', query]);
        return { sessions: [session], ...(query.includeTotal ? { total: 1 } : {}) };
      },
      get: one('get'),
      end: one('end'),
      pause: one('pause'),
      resume: one('resume'),
      stop: one('stop'),
      interrupt: async () => ({ interrupted: false, turnId: null }),
    },
    turns: {
      start: async (tenant, id, input, idempotencyKey) => {
        found(tenant, id);
        asked.push(['start', input, idempotencyKey]);
        return { turnId, acceptedSeq: 4 };
      },
    },
    log: {
      messages: async (tenant, id, page) => {
        found(tenant, id);
        asked.push(['messages', page]);
        return [];
      },
      events: async (tenant, id, page) => {
        found(tenant, id);
        asked.push(['events', page]);
        return [];
      },
      follow: async (tenant, id, options) => {
        found(tenant, id);
        const { signal: _, ...rest } = options;
        asked.push(['follow', rest]);
        return await follow(tenant, id, options);
      },
    },
    health: async () => health,
  };
  return { rooms, asked };
}

/** A finished log. */
export async function* itemsOf(items: Iterable<Followed>): AsyncGenerator<Followed> {
  yield* items;
}

/** A log that its test feeds: `push` gives the reader an item, `signal` or `end` ends it. */
export class LiveLog {
  /** Resolves when the reader has gone. */
  readonly left: Promise<void>;
  readonly #queue: Followed[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #leave: () => void = () => undefined;

  constructor() {
    this.left = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  push(...items: Followed[]): void {
    this.#queue.push(...items);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  follow: Follow = async (_tenant, _session, { signal }) => this.#read(signal);

  async *#read(signal: AbortSignal): AsyncGenerator<Followed> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        const next = this.#queue.shift();
        if (next !== undefined) yield next;
        else if (this.#ended || signal.aborted) return;
        else
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
      }
    } finally {
      this.#leave();
    }
  }
}
