/** Small rooms in memory behind the real HTTP room: fixtures of its tests. */
import type { Bytes } from '@ash-ai/sandbox';
import { errors } from '@ash-ai/shared';
import type { Agent, AgentVersion, Health, Session, UsageStats } from '@ash-ai/shared/contract';
import type { Rooms } from '../../src/http/rooms.ts';
import type { Batch, Followed } from '../../src/log/feed-item.ts';

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
  limits: { memoryMb: 1024, cpus: 1, pids: 64, diskMb: 1024, inodes: 1000, openFiles: 256, turnTimeoutMs: null },
  enforced: {
    memory: 'none',
    pids: 'none',
    cpu: 'none',
    disk: 'none',
    kill: 'process-group',
    privateUids: false,
    files: false,
    network: false,
    syscalls: false,
  },
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

const version: AgentVersion = {
  id: '019a0000-0000-7000-8000-0000000000cc',
  tenantId,
  agentName: 'bot',
  versionNumber: 1,
  name: 'v1',
  isActive: true,
  hash: 'h',
  sizeBytes: 1,
  fileCount: 1,
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

const noUsage: UsageStats = {
  totalInputTokens: 0,
  totalOutputTokens: 0,
  totalCacheCreationTokens: 0,
  totalCacheReadTokens: 0,
  totalToolCalls: 0,
  totalMessages: 0,
  totalComputeSeconds: 0,
  totalCostUsd: 0,
};

async function missing(_tenant: string, item: unknown): Promise<never> {
  throw errors.queue_item_not_found({ itemId: String(item) });
}

async function noWebhook(_tenant: string, id: unknown): Promise<never> {
  throw errors.webhook_not_found({ webhookId: String(id) });
}

function fileOf(text: string): Bytes {
  const bytes = Buffer.from(text);
  return { size: bytes.length, content: ReadableStream.from<Uint8Array>([bytes]) };
}

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
    keys: {
      ownerOf: async (given) =>
        given === key
          ? { tenantId, keyId: 'key-1' }
          : given === 'ash_other'
            ? { tenantId: 'tenant-2', keyId: 'key-2' }
            : undefined,
      list: async () => [],
      create: async (tenant, label) => {
        asked.push(['createKey', tenant, label]);
        return { id: 'key-1', key: 'ash_new' };
      },
      delete: async (_tenant, id) => {
        throw errors.api_key_not_found({ keyId: id });
      },
    },
    internal: { closed: false, admits: (given) => given === 'internal-secret' },
    credentials: {
      store: async () => {
        throw errors.credential_key_missing();
      },
      list: async () => [],
      delete: async () => undefined,
    },
    queue: {
      enqueue: missing,
      list: async () => [],
      stats: async () => ({ pending: 0, processing: 0, completed: 0, failed: 0, cancelled: 0 }),
      get: missing,
      cancel: missing,
    },
    agentFiles: {
      list: async () => ({ files: [] }),
      read: async (_tenant, name, path) => {
        if (name !== 'bot') throw errors.agent_not_found({ agent: name });
        asked.push(['agentFile', path]);
        return fileOf(`# ${path}`);
      },
    },
    sessionFiles: {
      list: async (tenant, id, options) => {
        found(tenant, id);
        asked.push(['files', options]);
        return { files: [], source: 'snapshot' };
      },
      read: async (tenant, id, path, maxBytes) => {
        found(tenant, id);
        asked.push(['file', path, maxBytes]);
        return { ...fileOf('content'), from: 'sandbox' };
      },
      write: async (tenant, id, batch) => {
        found(tenant, id);
        asked.push(['write', batch]);
        return [];
      },
      delete: async (tenant, id, path) => {
        found(tenant, id);
        asked.push(['deleteFile', path]);
      },
      download: async (tenant, id) => {
        found(tenant, id);
        return fileOf('bundle');
      },
      upload: async (tenant, id) => {
        found(tenant, id);
        return { from: 'snapshot' };
      },
    },
    attachments: {
      upload: async (tenant, id) => {
        found(tenant, id);
        throw errors.attachment_too_large({ limitBytes: 1 });
      },
      list: async (tenant, id) => {
        found(tenant, id);
        return [];
      },
      download: async (_tenant, id) => {
        throw errors.attachment_not_found({ attachmentId: id });
      },
      delete: async () => undefined,
    },
    commands: {
      exec: async (tenant, id, command) => {
        found(tenant, id);
        asked.push(['exec', command]);
        return { exitCode: 0, stdout: 'out', stderr: '' };
      },
    },
    egress: { list: async () => [] },
    sandboxLogs: {
      read: async (tenant, id, after) => {
        found(tenant, id);
        asked.push(['logs', after]);
        return [];
      },
    },
    webhooks: {
      create: noWebhook,
      list: async () => [],
      get: noWebhook,
      update: noWebhook,
      delete: noWebhook,
      rotate: noWebhook,
      test: noWebhook,
      deliveries: noWebhook,
      delivery: noWebhook,
      redeliver: noWebhook,
      replay: noWebhook,
    },
    usage: {
      list: async (_tenant, query) => {
        asked.push(['usage', query]);
        return [];
      },
      stats: async () => noUsage,
    },
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
      listVersions: async () => [version],
      getVersion: async () => version,
      activateVersion: async () => 1,
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
      configure: async (tenant, id, patch) => {
        asked.push(['configure', patch]);
        return found(tenant, id);
      },
      fork: async (tenant, id, request, idempotencyKey) => {
        asked.push(['fork', request, idempotencyKey]);
        return {
          session: found(tenant, id),
          files: { asOf: at, turnRunning: false, source: 'now', seq: 3 },
          conversation: { upTo: 1 },
        };
      },
    },
    approvals: {
      list: async (tenant, id) => {
        found(tenant, id);
        return [];
      },
      answer: async (tenant, id, approvalId) => {
        found(tenant, id);
        throw errors.approval_not_found({ approvalId });
      },
    },
    turns: {
      start: async (tenant, id, input, idempotencyKey) => {
        found(tenant, id);
        asked.push(['start', input, idempotencyKey]);
        return { turnId, acceptedSeq: 4 };
      },
      wake: async (_tenant, id) => void asked.push(['wake', id]),
      positionOf: () => undefined,
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
    metrics: async ({ streamsOpen }) => `ash_streams_open ${streamsOpen}\n`,
    durable: () => undefined,
  };
  return { rooms, asked };
}

/** A finished log. */
export async function* itemsOf(items: Iterable<Followed>): AsyncGenerator<Batch> {
  for (const item of items) yield { items: [item] };
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

  async *#read(signal: AbortSignal): AsyncGenerator<Batch> {
    const wake = (): void => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      for (;;) {
        const next = this.#queue.shift();
        if (next !== undefined) yield { items: [next] };
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
