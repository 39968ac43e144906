/** What a server stands on: its store, and the sandboxes of this machine. */
import { join } from 'node:path';
import {
  createLocalRunner,
  type Isolation,
  isolationLimits,
  type LocalRunnerOptions,
  type Runner,
  tryDisks,
} from '@ash-ai/sandbox';
import type { Logger } from 'pino';
import { findBridge } from './bridge-program.ts';
import type { Config } from './config.ts';
import { createIsolations } from './isolations.ts';
import type { LimitPolicy } from './sessions/limits.ts';
import { openStore, type Store } from './store/open.ts';

export interface Ground {
  store: Store;
  isolation: Isolation;
  localRunner: Runner & AsyncDisposable;
}

/**
 * Opens them side by side, as trying walls and disks is mostly waiting for other processes. What is open is `building`'s.
 * @param given `closing` is aborted when the server stops
 */
export async function openGround(
  config: Config,
  { logger, policy, closing }: { logger: Logger; policy: LimitPolicy; closing: AbortController },
  building: AsyncDisposableStack,
): Promise<Ground> {
  const { dataDir, databaseUrl } = config;
  const [opening, isolating, tryingDisks] = [
    openStore(databaseUrl === undefined ? { file: join(dataDir, 'ash.db') } : { url: databaseUrl }).then((opened) =>
      building.use(opened),
    ),
    createIsolations(config, logger),
    tryDisks(join(dataDir, 'sandboxes'), config.sandboxDisk),
  ] as const;
  // Nothing is under way any more when one of them has failed.
  await Promise.allSettled([opening, isolating, tryingDisks]);
  const store = await opening;
  const { isolation, ...uids } = await isolating;
  const own = { isolation, ...uids, closing: closing.signal, images: await tryingDisks };
  return { store, isolation, localRunner: building.use(await createRunner(config, own, policy)) };
}

async function createRunner(
  config: Config,
  {
    images,
    ...own
  }: Pick<LocalRunnerOptions, 'isolation' | 'firstUid' | 'takenUids' | 'closing'> & { images: boolean },
  policy: LimitPolicy,
) {
  const { dataDir } = config;
  const bridge = findBridge({ entry: config.bridgeEntry, executable: config.runtimeExecutable });
  return await createLocalRunner({
    sandboxesDir: join(dataDir, 'sandboxes'),
    snapshotsDir: join(dataDir, 'snapshots'),
    maxSnapshotBytes: config.snapshotMaxMb * 1024 * 1024,
    ...own,
    limits: isolationLimits(policy.defaults),
    disk: { images, diskMb: policy.defaults.diskMb, inodes: policy.defaults.inodes },
    executable: bridge.executable,
    bridge: { args: bridge.args, readablePaths: bridge.readablePaths, env: {} },
  });
}
