/** What GET /health tells (spec/http-api.md §13). */
import { hostname } from 'node:os';
import type { Isolation } from '@ash-ai/sandbox';
import type { Health } from '@ash-ai/shared/contract';
import type { Spares } from './spares/spares.ts';
import type { Store } from './store/open.ts';
import * as sessionStore from './store/sessions.ts';
import type { Executor } from './turns/executor.ts';
import { version } from './version.ts';

export function health(rooms: {
  store: Store;
  executor: Executor;
  spares: Pick<Spares, 'warm' | 'warming' | 'counts'>;
  isolation: Isolation;
}): () => Promise<Health> {
  const { store, executor, spares, isolation } = rooms;
  const startedAt = performance.now();
  return async () => {
    const counts = await sessionStore.countByStatus(store.db);
    const { awake, running } = executor;
    const { warm, warming, counts: taken } = spares;
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
        total: awake + warm + warming,
        cold: 0,
        ...{ warming, warm },
        waiting: awake - running,
        running,
        maxCapacity: executor.limit,
        ...executor.resumes,
        preWarmHits: taken.booted + taken.bridge,
      },
    };
  };
}
