/** What a server stands on: its store, and the sandboxes of this machine. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BridgeCode,
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
  /** Makes the starts of bridges cheaper, in the background: for when the server serves. */
  prepareBridges(): void;
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
  const { localRunner, bridgeCode } = await createRunner(config, own, policy);
  building.use(localRunner);
  building.use(bridgeCode);
  return {
    ...{ store, isolation, localRunner },
    prepareBridges: () => {
      if (config.bridgeEntry !== undefined) return;
      bridgeCode.begin((err) =>
        logger.warn({ err }, 'bridges start slower than they could: no compiled code of theirs'),
      );
    },
  };
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
  const dir = join(dataDir, 'bridge-code');
  await mkdir(dir, { recursive: true, mode: 0o755 });
  const bridgeCode = new BridgeCode({ dir, revision: bridge.revision, args: bridge.args });
  const localRunner = await createLocalRunner({
    sandboxesDir: join(dataDir, 'sandboxes'),
    snapshotsDir: join(dataDir, 'snapshots'),
    maxSnapshotBytes: config.snapshotMaxMb * 1024 * 1024,
    ...own,
    limits: isolationLimits(policy.defaults),
    disk: { images, diskMb: policy.defaults.diskMb, inodes: policy.defaults.inodes },
    executable: bridge.executable,
    bridge: { args: bridge.args, readablePaths: [...bridge.readablePaths, dir], env: {} },
    // A program that was put in its place need not know how to be compiled.
    ...(config.bridgeEntry === undefined ? { bridgeCode } : {}),
  });
  return { localRunner, bridgeCode };
}
