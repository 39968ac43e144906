/** Where the turns of a history are: whoever watches tells, and whoever waits for a point is woken there. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Point, Trigger } from './plan.ts';

export class Moments {
  readonly #counts = new Map<string, number>();
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  /** A turn has come to a point once more. */
  reach(turn: number, point: Point): void {
    const place = `${turn} ${point}`;
    const count = (this.#counts.get(place) ?? 0) + 1;
    this.#counts.set(place, count);
    this.#waiting.get(`${place} ${count}`)?.resolve();
  }

  /** Resolves at the trigger: true; false when the signal fires before. */
  async at({ turn, point, nth, delayMs }: Trigger, signal: AbortSignal): Promise<boolean> {
    const place = `${turn} ${point}`;
    if ((this.#counts.get(place) ?? 0) < nth) {
      const key = `${place} ${nth}`;
      const reached = this.#waiting.get(key) ?? Promise.withResolvers<void>();
      this.#waiting.set(key, reached);
      const gone = Promise.withResolvers<void>();
      signal.addEventListener('abort', () => gone.resolve(), { once: true });
      await Promise.race([reached.promise, gone.promise]);
    }
    if (delayMs > 0 && !signal.aborted) await delay(delayMs, undefined, { signal }).catch(() => undefined);
    return !signal.aborted;
  }
}
