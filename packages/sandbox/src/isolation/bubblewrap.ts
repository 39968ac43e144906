/** The default walls: bubblewrap under a private unprivileged uid, with cgroups and a system call filter. */
import { type BubblewrapHost, type BubblewrapOptions, findBubblewrapHost } from './bubblewrap-host.ts';
import { wallOptions } from './bubblewrap-options.ts';
import { destroy, isAlive } from './destroy.ts';
import { setFrozen } from './freeze.ts';
import type { Isolation } from './isolation.ts';
import { openNameless, openReadable } from './launch-files.ts';
import { hasTmp, insideWall } from './layout.ts';
import { sweepGroups } from './sweep-groups.ts';
import { execLauncher, wallLauncher } from './wall-script.ts';
import { enforcedOn, execWalled, launchWalled, type WallMaker } from './walled.ts';

export type { BubblewrapOptions } from './bubblewrap-host.ts';

/**
 * Bubblewrap walls on this machine.
 * @throws IsolationError `isolation_unavailable` when a program is missing or a wall can't be raised here
 */
export async function createBubblewrapIsolation(options: BubblewrapOptions): Promise<Isolation> {
  const host = await findBubblewrapHost(options);
  const maker = bubblewrapMaker(host);
  return {
    name: 'bubblewrap',
    names: ['bubblewrap'],
    capabilities: () => enforcedOn(host),
    inside: () => insideWall,
    launch: (spec) => launchWalled(maker, spec),
    exec: (spec) => execWalled(maker, spec),
    destroy,
    isAlive,
    setFrozen,
    sweep: (fate) => sweepGroups(host.cgroups, fate),
  };
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
    commandScript: (parts, _spec, argv) => Promise.resolve(execLauncher({ ...parts, bwrap }, argv)),
  };
}
