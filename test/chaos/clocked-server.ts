/** The server of the tests under a clock that can be put forward or back: as `date --set` does to a machine, for one process. */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';

/** How soon a jump is noticed, in ms. */
const everyMs = 50;

const path = process.env.CHAOS_CLOCK ?? '';
let offsetMs = read();
setInterval(() => {
  offsetMs = read();
}, everyMs).unref();

function read(): number {
  try {
    return Number(readFileSync(path, 'utf8'));
  } catch {
    return 0;
  }
}

const RealDate = Date;
// Only the clock jumps: timers count what passes, and so does `performance`, as on a real machine.
globalThis.Date = new Proxy(RealDate, {
  construct: (_target, args: [] | [number | string], newTarget) =>
    Reflect.construct(RealDate, args.length === 0 ? [RealDate.now() + offsetMs] : args, newTarget),
  apply: () => new RealDate(RealDate.now() + offsetMs).toString(),
  get: (target, key) => (key === 'now' ? () => RealDate.now() + offsetMs : Reflect.get(target, key, target)),
});

// Whoever is killed leaves nothing in the cache for the next one.
setTimeout(flushCompileCache, 2000).unref();

await import('../e2e/fixture-server.ts');
