/** What GET /metrics tells (spec/runtime.md §11, and more). */
import type { Health } from '@ash-ai/shared/contract';
import type { Spares } from '../spares/spares.ts';
import type { Store } from '../store/open.ts';
import * as queueStore from '../store/queue.ts';
import * as turnStore from '../store/turns.ts';
import type { Executor } from '../turns/executor.ts';
import type { Meter } from './meter.ts';
import { formatMetrics, labelled, type Metric } from './prometheus.ts';

export interface MetricsRooms {
  store: Store;
  meter: Meter;
  spares: Pick<Spares, 'counts'>;
  executor: Pick<Executor, 'waiting'>;
  health(): Promise<Health>;
}

/** Collects the metrics of the server as text. */
export function createMetrics(rooms: MetricsRooms): (http: { streamsOpen: number }) => Promise<string> {
  const { store, meter, spares, executor, health } = rooms;
  return async ({ streamsOpen }) => {
    const [now, turns, queue] = await Promise.all([
      health(),
      turnStore.countUnfinished(store.db),
      queueStore.countByStatus(store.db),
    ]);
    const { failedStarts, ...taken } = spares.counts;
    const { cold, warming, warm, waiting, running } = now.pool;
    const gauge = (name: string, help: string, value: number): Metric => {
      return { name, help, type: 'gauge', samples: [{ value }] };
    };
    return formatMetrics([
      {
        name: 'ash_up',
        help: 'Whether the server answers.',
        type: 'gauge',
        samples: [{ labels: { coordinator: now.coordinatorId }, value: 1 }],
      },
      gauge('ash_uptime_seconds', 'Time since the server started.', now.uptime),
      gauge('ash_active_sessions', 'Sessions with the status active.', now.activeSessions),
      gauge('ash_active_sandboxes', 'Sandboxes that are alive.', now.activeSandboxes),
      {
        name: 'ash_pool_sandboxes',
        help: 'Sandboxes by state.',
        type: 'gauge',
        samples: labelled('state', { cold, warming, warm, waiting, running }),
      },
      gauge('ash_pool_max_capacity', 'Sandboxes that may be alive at once.', now.pool.maxCapacity),
      gauge('ash_sessions_waiting', 'Sessions that wait for a sandbox.', executor.waiting),
      {
        name: 'ash_resume_total',
        help: 'Sessions resumed, by path.',
        type: 'counter',
        samples: labelled('path', {
          warm: now.pool.resumeWarmHits,
          cold: now.pool.resumeColdHits,
          prewarm: now.pool.preWarmHits,
        }),
      },
      {
        name: 'ash_resume_cold_total',
        help: 'Sessions resumed cold, by where their files came from.',
        type: 'counter',
        samples: labelled('source', {
          local: now.pool.resumeColdLocalHits,
          cloud: now.pool.resumeColdCloudHits,
          fresh: now.pool.resumeColdFreshHits,
        }),
      },
      {
        name: 'ash_spare_claims_total',
        help: 'New sessions, by what waited for them: a booted runtime, a bridge, nothing, or something that was of no use.',
        type: 'counter',
        samples: labelled('spare', taken),
      },
      {
        name: 'ash_spare_start_failures_total',
        help: 'Spares that could not be started, or died while they waited.',
        type: 'counter',
        samples: [{ value: failedStarts }],
      },
      {
        name: 'ash_turns_total',
        help: 'Turns ended, by outcome.',
        type: 'counter',
        samples: labelled('outcome', meter.turns),
      },
      {
        name: 'ash_turns_unfinished',
        help: 'Turns that wait or run.',
        type: 'gauge',
        samples: labelled('status', turns),
      },
      {
        name: 'ash_log_append_seconds',
        help: 'Time until entries of a log were durable.',
        type: 'histogram',
        histogram: meter.appends,
      },
      { name: 'ash_queue_items', help: 'Queue items by status.', type: 'gauge', samples: labelled('status', queue) },
      gauge('ash_streams_open', 'Event streams open.', streamsOpen),
      gauge('process_resident_memory_bytes', 'Memory of the server process.', process.memoryUsage.rss()),
    ]);
  };
}
