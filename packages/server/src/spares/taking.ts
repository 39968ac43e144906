/** A runner whose sessions take up the spares that they were given; one that is of no use is replaced by a cold start. */
import { LeaseLost, type Runner } from '@ash-ai/sandbox';
import type { Logger } from 'pino';
import type { Spares } from './spares.ts';

type Woken = Pick<Runner, 'open' | 'attach' | 'kill' | 'leftOff'>;

export function takingSpares(
  runner: Woken,
  spares: Pick<Spares, 'isGiven' | 'tookUp' | 'release'>,
  logger: Logger,
): Woken {
  return {
    open: (request) => runner.open(request),
    leftOff: (request) => runner.leftOff(request),
    kill: async (sessionId) => {
      spares.release(sessionId);
      await runner.kill(sessionId);
    },
    async attach(request, options) {
      const { sessionId, runtimeKey } = request;
      if (!spares.isGiven(sessionId)) return await runner.attach(request, options);
      try {
        const sandbox = await runner.attach(request, options);
        spares.tookUp(sessionId, sandbox, runtimeKey);
        return sandbox;
      } catch (err) {
        spares.tookUp(sessionId, undefined, runtimeKey);
        if (err instanceof LeaseLost) throw err;
        logger.warn({ err, sessionId }, 'a spare was of no use; starting cold');
        await runner.kill(sessionId);
        return undefined;
      }
    },
  };
}
