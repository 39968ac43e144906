/** GET /metrics: public like /health, and no part of the contract. */
import type { FastifyInstance } from 'fastify';
import type { Rooms } from './rooms.ts';
import type { Streams } from './sse.ts';

/** Registers the route. */
export function registerMetrics(app: FastifyInstance, metrics: Rooms['metrics'], streams: Streams): void {
  app.get('/metrics', { config: { public: true } }, async (_request, reply) => {
    const text = await metrics({ streamsOpen: streams.open });
    return reply.type('text/plain; version=0.0.4; charset=utf-8').header('cache-control', 'no-store').send(text);
  });
}
