/** Health of the server (spec/http-api.md §13). */
import { z } from 'zod';
import { defineRoutes } from './route.ts';

const poolSchema = z
  .object({
    total: z.int(),
    cold: z.int(),
    warming: z.int(),
    warm: z.int(),
    waiting: z.int(),
    running: z.int(),
    maxCapacity: z.int(),
    resumeWarmHits: z.int(),
    resumeColdHits: z.int(),
    resumeColdLocalHits: z.int(),
    resumeColdCloudHits: z.int(),
    resumeColdFreshHits: z.int(),
    preWarmHits: z.int(),
  })
  .meta({ id: 'PoolStats' });

export const healthRoutes = defineRoutes({
  health: {
    method: 'GET',
    path: '/health',
    tag: 'health',
    summary: 'Health of the server',
    public: true,
    reply: {
      kind: 'json',
      status: 200,
      schema: z
        .object({
          status: z.literal('ok'),
          version: z.string(),
          coordinatorId: z.string(),
          activeSessions: z.int(),
          activeSandboxes: z.int(),
          remoteRunners: z.int(),
          uptime: z.int().describe('Seconds'),
          isolation: z.string(),
          pool: poolSchema,
        })
        .meta({ id: 'Health' }),
    },
    errors: [],
  },
});
