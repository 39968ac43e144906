/**
 * Tells when the files of an agent folder have changed and rest again; what a deployment leaves out doesn't count. It
 * looks instead of listening: Node's recursive watching on Linux loses files that an editor replaces, and sees nothing
 * of changes on network and container mounts.
 */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { walk } from '../agent-files.ts';

/** How often the folder is looked at, in ms. */
const lookEveryMs = 300;
/** Looking takes at most a tenth of the time: a large folder is looked at less often. */
const patience = 10;

/** Calls `onChange` after changes, never twice at once, until disposed. `onFailure` gets what it throws. */
export function watchFolder(
  folder: string,
  onChange: () => Promise<void>,
  onFailure: (error: unknown) => void,
): AsyncDisposable {
  const over = new AbortController();
  const watching = (async () => {
    let known = await stateOf(folder);
    let before = known;
    for (;;) {
      const startedAtMs = performance.now();
      const now = await stateOf(folder);
      // Still being written: its next state counts.
      if (now !== known && now === before) {
        known = now;
        await onChange().catch(onFailure);
      }
      before = now;
      const tookMs = performance.now() - startedAtMs;
      await delay(Math.max(lookEveryMs, tookMs * patience), undefined, { signal: over.signal });
    }
  })();
  watching.catch((error: unknown) => {
    if (!over.signal.aborted) onFailure(error);
  });
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await watching.catch(() => undefined);
    },
  };
}

/** Paths, times, sizes and modes of the files as one text; of a folder that is gone, none. */
async function stateOf(folder: string): Promise<string> {
  const root = await realpath(folder).catch(() => undefined);
  if (root === undefined) return '';
  const { paths } = await walk(root).catch(() => ({ paths: [] }));
  const states = await Promise.all(
    paths.map(async (path) => {
      const found = await stat(join(root, path)).catch(() => undefined);
      return `${path}\0${found?.mtimeMs}\0${found?.size}\0${found?.mode}`;
    }),
  );
  return states.join('\n');
}
