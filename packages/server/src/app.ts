/** The composition root: puts the rooms together and takes them apart again. */
import { hostname } from 'node:os';
import { join } from 'node:path';
import {
  createBubblewrapIsolation,
  createLocalRunner,
  createProcessIsolation,
  type Isolation,
  type Limits,
  selfTest,
} from '@ash-ai/sandbox';
import { errors } from '@ash-ai/shared';
import type { Logger } from 'pino';
import { Agents } from './agents/agents.ts';
import { AgentFolders } from './agents/folders.ts';
import { findBridge } from './bridge-program.ts';
import type { Config } from './config.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { health } from './health.ts';
import type { Rooms } from './http/rooms.ts';
import { type HttpServer, serveHttp } from './http/serve.ts';
import { ApiKeys, defaultTenant } from './keys/api-keys.ts';
import { Log } from './log/log.ts';
import { opener } from './sessions/open-request.ts';
import { Sessions } from './sessions/sessions.ts';
import { openStore } from './store/open.ts';
import * as turnStore from './store/turns.ts';
import { Executor } from './turns/executor.ts';
import { Turns } from './turns/start.ts';
import { version } from './version.ts';

export interface App extends AsyncDisposable {
  http: HttpServer;
  isolation: Isolation;
  /** Where the first key was left, when this start made one. */
  initialKeyPath: string | undefined;
  /** Puts idle sessions to sleep and lets running turns end, for at most `graceMs`; the rest stays for the next server. */
  drain(graceMs: number): Promise<void>;
}

/** Builds a server that answers when this resolves. Everything opened so far is closed again when a step fails. */
export async function createApp(config: Config, logger: Logger): Promise<App> {
  await using building = new AsyncDisposableStack();
  const { dataDir } = config;
  building.use(await lockDataDir(dataDir));
  const store = building.use(
    await openStore(config.databaseUrl === undefined ? { file: join(dataDir, 'ash.db') } : { url: config.databaseUrl }),
  );
  const isolation = await createIsolation(config, logger);
  const bridge = findBridge({ entry: config.bridgeEntry, executable: config.runtimeExecutable });
  const runner = await createLocalRunner({
    sandboxesDir: join(dataDir, 'sandboxes'),
    isolation,
    limits: limitsOf(config),
    executable: bridge.executable,
    bridge: { args: bridge.args, readablePaths: bridge.readablePaths, env: {} },
  });
  const log = new Log(store);
  const folders = new AgentFolders(dataDir);
  const executor = building.use(
    new Executor(
      {
        store,
        log,
        runner,
        logger,
        serverId: `${hostname()}-${process.pid}`,
        openRequest: opener({ store, folders, config }),
      },
      { maxAwake: config.maxSandboxes, idleMs: config.idleTimeoutMs },
    ),
  );
  const keys = new ApiKeys({ store, envKey: config.apiKey, hashSecret: config.credentialKey });
  const initialKeyPath = await keys.bootstrap(dataDir);
  const sessions = new Sessions({ store, log, executor, folders, isolation: isolation.name });
  const rooms: Rooms = {
    version,
    keys,
    sessions,
    log,
    turns: new Turns(store, log, executor),
    agents: new Agents({
      store,
      folders,
      dataDir,
      pathTenants: new Set(config.deployPaths === 'none' ? [] : [defaultTenant]),
      endSessions: (tenantId, agent) => sessions.endAll(tenantId, agent),
    }),
    health: health({ store, executor, config, isolation }),
  };
  await folders.sweepStaging();
  const unfinished = await turnStore.listUnfinished(store.db);
  for (const id of new Set([...(await runner.list()), ...unfinished.map((turn) => turn.sessionId)]))
    executor.recover(id);
  const http = building.use(await serveHttp({ rooms, host: config.host, port: config.port, logger }));
  const owned = building.move();
  return {
    http,
    isolation,
    initialKeyPath,
    drain: (graceMs) => executor.drain(graceMs),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function createIsolation(config: Config, logger: Logger): Promise<Isolation> {
  if (config.isolation === 'process') {
    logger.warn(
      'ASH_ISOLATION=process: agents run WITHOUT WALLS, with the rights of this server. For development only.',
    );
    return createProcessIsolation();
  }
  const dir = join(config.dataDir, 'isolation');
  const isolation = await createBubblewrapIsolation({ stateDir: dir });
  // A pair just below those of the sandboxes.
  const uids = isolation.capabilities().privateUids ? { wall: 199_998, bridge: 199_999 } : undefined;
  const checks = await selfTest(isolation, { dir: join(dir, 'self-test'), ...(uids === undefined ? {} : { uids }) });
  const failed = checks.filter((check) => !check.ok);
  if (failed.length > 0) {
    const reason = failed.map(({ check, reason }) => `${check}: ${reason}`).join('; ');
    throw errors.isolation_unavailable({ reason });
  }
  return isolation;
}

function limitsOf(config: Config): Limits {
  const memoryBytes = config.sandboxMemoryMb * 1024 * 1024;
  return {
    memoryBytes,
    pids: config.sandboxPids,
    cpus: config.sandboxCpus,
    tmpBytes: memoryBytes / 4,
    fileBytes: 4 * 1024 * 1024 * 1024,
    openFiles: 8192,
  };
}
