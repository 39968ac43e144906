/** The isolations that a server offers, each proven behind a real wall before anything is served. */
import { join } from 'node:path';
import {
  claimUids,
  createBubblewrapIsolation,
  createIsolationSet,
  createOciIsolation,
  createProcessIsolation,
  type Isolation,
  IsolationError,
  selfTest,
  serversUids,
  takenUids,
  type UidPair,
} from '@ash-ai/sandbox';
import { errors } from '@ash-ai/shared';
import type { IsolationName } from '@ash-ai/shared/contract';
import type { Logger } from 'pino';
import type { Config } from './config.ts';

type Settings = Pick<Config, 'dataDir' | 'isolation' | 'isolationAllow' | 'ociRuntime'> & { firstUid: number };

/** The uids that a server has to give, and those that it has given; one that isn't root has none. */
interface Uids {
  firstUid: number;
  takenUids: readonly UidPair[];
}

/** @throws IsolationError */
async function uidsOfServer({
  dataDir,
  uidBase,
  uidClaimsDir,
}: Pick<Config, 'dataDir' | 'uidBase' | 'uidClaimsDir'>): Promise<Uids> {
  if (process.getuid?.() !== 0) return { firstUid: uidBase, takenUids: [] };
  const pairs = await takenUids(join(dataDir, 'sandboxes'));
  const taken = pairs.map(({ wall }) => wall);
  const firstUid = await claimUids({ claimsDir: uidClaimsDir, dataDir, base: uidBase, taken });
  return { firstUid, takenUids: pairs };
}

/** The one that sessions get, then the others that agents may ask for. */
export function offeredIsolations({
  isolation,
  isolationAllow = [],
}: Pick<Settings, 'isolation' | 'isolationAllow'>): readonly [IsolationName, ...IsolationName[]] {
  return [isolation, ...new Set(isolationAllow.filter((name) => name !== isolation))];
}

/** All isolations as one, and the uids for what they wall in. @throws isolation_unavailable, IsolationError when one of them can't hold here what it promises */
export async function createIsolations(
  given: Omit<Settings, 'firstUid'> & Pick<Config, 'uidBase' | 'uidClaimsDir'>,
  logger: Logger,
): Promise<Uids & { isolation: Isolation }> {
  const uids = await uidsOfServer(given);
  const config = { ...given, firstUid: uids.firstUid };
  const [first, ...others] = offeredIsolations(config);
  const made: [Isolation, ...Isolation[]] = [await createIsolation(first, config, logger)];
  for (const name of others) {
    made.push(
      await createIsolation(name, config, logger).catch((cause: unknown) => {
        if (!(cause instanceof IsolationError)) throw cause;
        throw errors.isolation_unavailable(
          { reason: `ASH_ISOLATION_ALLOW lists ${name}: ${cause.message}` },
          { cause },
        );
      }),
    );
  }
  return { isolation: createIsolationSet(made), ...uids };
}

async function createIsolation(
  name: IsolationName,
  { dataDir, firstUid, ociRuntime }: Settings,
  logger: Logger,
): Promise<Isolation> {
  if (name === 'process') {
    logger.warn(
      'ASH_ISOLATION=process: agents run WITHOUT WALLS, with the rights of this server. For development only.',
    );
    return createProcessIsolation();
  }
  const dir = join(dataDir, 'isolation');
  const isolation =
    name === 'oci'
      ? await createOciIsolation({ stateDir: dir, runtime: ociRuntime })
      : await createBubblewrapIsolation({ stateDir: dir });
  const uids = isolation.capabilities().privateUids ? serversUids(firstUid) : undefined;
  const checks = await selfTest(isolation, { dir: join(dir, 'self-test'), ...(uids === undefined ? {} : { uids }) });
  const failed = checks.filter((check) => !check.ok);
  if (failed.length > 0) {
    const reason = failed.map(({ check, reason }) => `${check}: ${reason}`).join('; ');
    throw errors.isolation_unavailable({ reason });
  }
  return isolation;
}
