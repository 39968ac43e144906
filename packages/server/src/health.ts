/** What GET /health tells (spec/http-api.md §13). */
import { hostname } from 'node:os';
import type { Isolation } from '@ash-ai/sandbox';
import type { Health } from '@ash-ai/shared/contract';
import type { Config } from './config.ts';
import type { Store } from './store/open.ts';
import * as sessionStore from './store/sessions.ts';
import type { Executor } from './turns/executor.ts';
import { version } from './version.ts';

export function health(rooms: {
  store: Store;
  executor: Executor;
  config: Pick<Config, 'maxSandboxes'>;
  isolation: Isolation;
}): () => Promise<Health> {
  const { store, executor, config, isolation } = rooms;
  const startedAt = performance.now();
  return async () => {
    const counts = await sessionStore.countByStatus(store.db);
    const { awake, running } = executor;
    return {
      status: 'ok',
      version,
      coordinatorId: `${hostname()}-${process.pid}`,
      activeSessions: counts.active ?? 0,
      activeSandboxes: awake,
      remoteRunners: 0,
      uptime: Math.floor((performance.now() - startedAt) / 1000),
      isolation: isolation.name,
      pool: {
        total: awake,
        cold: 0,
        warming: 0,
        warm: 0,
        waiting: awake - running,
        running,
        maxCapacity: config.maxSandboxes,
        ...executor.resumes,
      },
    };
  };
}
