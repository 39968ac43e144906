/** Ctrl-C while something goes on at the server: the command leaves, the work stays. */

/** Exit code of a command that was left by Ctrl-C. */
export const leftCode = 130;

export interface Leaving extends Disposable {
  signal: AbortSignal;
}

/** Aborts at the first Ctrl-C (or SIGTERM) until it is disposed; a second one ends the process as usual. */
export function leaving(): Leaving {
  const controller = new AbortController();
  const leave = () => controller.abort();
  process.once('SIGINT', leave).once('SIGTERM', leave);
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => void process.off('SIGINT', leave).off('SIGTERM', leave),
  };
}
