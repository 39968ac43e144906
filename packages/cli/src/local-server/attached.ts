/** A server that ends with the process that started it: their channel closes when that process ends, however it does. */

/** Told by the starter once the server serves. */
export const stayAttached = { stayAttached: true };

/** Obeys {@link stayAttached}: the end of the starter is like Ctrl-C. */
export function endWithStarter(): void {
  process.once('message', () => {
    process.once('disconnect', () => process.kill(process.pid, 'SIGINT'));
    // A server that has ended has nothing to wait for any more.
    process.channel?.unref();
  });
}
