/** An isolation from a way of raising walls: all that does not depend on which one it is. */
import { destroy, isAlive } from './destroy.ts';
import { setFrozen } from './freeze.ts';
import type { Isolation } from './isolation.ts';
import { insideWall } from './layout.ts';
import { sweepGroups } from './sweep-groups.ts';
import { enforcedOn, execWalled, launchWalled, type WallMaker } from './walled.ts';

export function walledIsolation(maker: WallMaker): Isolation {
  const { name, host } = maker;
  return {
    name,
    names: [name],
    ...(host.ownKernel ? { ownKernel: true } : {}),
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
