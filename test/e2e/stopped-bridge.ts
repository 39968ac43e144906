/** Holds a sandbox where it is on record, and nobody can talk to it yet. */
import { existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Ash } from './harness.ts';

/** Stops the next bridge of a session as soon as it is on record: it does not listen yet. */
export async function stopNextBridge(ash: Ash, sessionId: string): Promise<number> {
  const folder = join(ash.dataDir, 'sandboxes', sessionId);
  const before = ash.bridgePid(sessionId);
  const raised = Promise.withResolvers<number>();
  using _watcher = disposable(
    watch(folder, () => {
      // Between two sandboxes there is no record.
      if (!existsSync(join(folder, 'sandbox.json'))) return;
      const pid = ash.bridgePid(sessionId);
      if (pid === before) return;
      process.kill(pid, 'SIGSTOP');
      raised.resolve(pid);
    }),
  );
  process.kill(before, 'SIGKILL');
  const pid = await raised.promise;
  expect(existsSync(join(folder, 'bridge', 'bridge.sock'))).toBe(false);
  return pid;
}

function disposable(watcher: { close(): void }): Disposable {
  return { [Symbol.dispose]: () => watcher.close() };
}
