/** The default walls: bubblewrap under a private unprivileged uid, with cgroups and a system call filter. */
import { type BubblewrapHost, type BubblewrapOptions, findBubblewrapHost } from './bubblewrap-host.ts';
import { wallOptions } from './bubblewrap-options.ts';
import type { Isolation } from './isolation.ts';
import { openNameless, openReadable } from './launch-files.ts';
import { hasTmp } from './layout.ts';
import { execLauncher, wallLauncher } from './wall-script.ts';
import type { WallMaker } from './walled.ts';
import { walledIsolation } from './walled-isolation.ts';

export type { BubblewrapOptions } from './bubblewrap-host.ts';

/**
 * Bubblewrap walls on this machine.
 * @throws IsolationError `isolation_unavailable` when a program is missing or a wall can't be raised here
 */
export async function createBubblewrapIsolation(options: BubblewrapOptions): Promise<Isolation> {
  return walledIsolation(bubblewrapMaker(await findBubblewrapHost(options)));
}

function bubblewrapMaker(host: BubblewrapHost): WallMaker {
  const { bwrap, facts, disableUserns, filterFile, stateDir } = host;
  return {
    ...{ name: 'bubblewrap', host },
    openFiles: async (spec, { cwd }) => {
      const ownTmp = await hasTmp(spec.sandboxDir);
      const bytes = wallOptions({ spec, facts, disableUserns, ownTmp, ...(cwd === undefined ? {} : { cwd }) });
      return await openReadable([() => openNameless(stateDir, bytes), filterFile]);
    },
    sessionScript: (parts) => Promise.resolve(wallLauncher({ ...parts, bwrap })),
    commandScript: (parts) => Promise.resolve(execLauncher({ ...parts, bwrap })),
  };
}
