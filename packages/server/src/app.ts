/** The composition root: puts the rooms together and takes them apart again. */
import { readFile } from 'node:fs/promises';
import { hostname, totalmem } from 'node:os';
import type { Isolation, Runner } from '@ash-ai/sandbox';
import type { Logger } from 'pino';
import { Agents } from './agents/agents.ts';
import { AgentFolders } from './agents/folders.ts';
import { Approvals } from './approvals/approvals.ts';
import { Attachments } from './attachments/attachments.ts';
import { serveControl } from './backup/control.ts';
import type { Config } from './config.ts';
import { Credentials } from './credentials/credentials.ts';
import { createSeal } from './credentials/seal.ts';
import { readSealKey } from './credentials/seal-key.ts';
import { lockDataDir } from './data-dir-lock.ts';
import { Egress } from './egress/egress.ts';
import { ModelRates } from './egress/model-rates.ts';
import { Terms } from './egress/terms.ts';
import { Exec } from './exec/exec.ts';
import { agentFiles } from './files/agent-files.ts';
import { sessionFiles } from './files/session-files.ts';
import { Forgetting } from './forgetting.ts';
import { openGround } from './ground.ts';
import { health } from './health.ts';
import type { Rooms } from './http/rooms.ts';
import { type HttpServer, type ServeOptions, serveHttp } from './http/serve.ts';
import { offeredIsolations } from './isolations.ts';
import { ApiKeys, defaultTenant } from './keys/api-keys.ts';
import { createInternalGate } from './keys/internal-gate.ts';
import { Log } from './log/log.ts';
import { Queue } from './queue/queue.ts';
import { QueueWorker } from './queue/worker.ts';
import { SandboxLogs } from './sandbox-logs/sandbox-logs.ts';
import { Forking } from './sessions/fork.ts';
import { limitPolicy } from './sessions/limits.ts';
import { opener } from './sessions/open-request.ts';
import { Sessions } from './sessions/sessions.ts';
import { shaper, type Walls } from './sessions/shape-of.ts';
import { SnapshotKeeper } from './snapshots/keeper.ts';
import { restoring } from './snapshots/restoring.ts';
import { Retention } from './snapshots/retention.ts';
import { sourceOf } from './snapshots/source.ts';
import { Spares } from './spares/spares.ts';
import { takingSpares } from './spares/taking.ts';
import type { Store } from './store/open.ts';
import * as sessionStore from './store/sessions.ts';
import * as turnStore from './store/turns.ts';
import { Sweep } from './sweep.ts';
import { Meter } from './telemetry/meter.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { DiskReserve } from './turns/disk-reserve.ts';
import { Executor, type ExecutorOptions } from './turns/executor.ts';
import { Turns } from './turns/start.ts';
import { Usage } from './usage/usage.ts';
import { version } from './version.ts';
import { Targets } from './webhooks/target.ts';
import { Webhooks } from './webhooks/webhooks.ts';
import { WebhookWorker } from './webhooks/worker.ts';

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
  const policy = limitPolicy(config);
  const closing = new AbortController();
  const given = { logger, policy, closing };
  const { store, isolation, localRunner, prepareBridges } = await openGround(config, given, building);
  const sealKey = await readSealKey(dataDir);
  const { credentialKey } = config;
  /** Seals what callers give the server in confidence, other than credentials. */
  const secrets = createSeal(credentialKey ?? sealKey, credentialKey === undefined ? [] : [sealKey]);
  const credentials = new Credentials({
    store,
    seal: credentialKey === undefined ? undefined : createSeal(credentialKey),
  });
  const meter = new Meter();
  const ca = config.extraCaFile === undefined ? undefined : await readFile(config.extraCaFile, 'utf8');
  const telling = { store, seal: secrets, targets: new Targets(config.webhookTargets ?? []), logger, version };
  const deliveries = building.use(new WebhookWorker(telling, { ca }));
  const log = new Log(store, () => deliveries.nudge());
  const folders = new AgentFolders(dataDir);
  const snapshotSource = sourceOf({ store, folders, limits: policy });
  const keeper = building.use(
    new SnapshotKeeper({ store, runner: localRunner, logger, sourceOf: snapshotSource, config }),
  );
  const runner = restoring(localRunner, { store, log, logger, sourceOf: snapshotSource, keeper });
  const terms = new Terms({ store, credentials, config });
  const model = ca === undefined ? config.model : { ...config.model, ca };
  const openRequest = opener({
    store,
    folders,
    credentials,
    secrets,
    config: { ...config, model },
    limits: policy,
    terms,
  });
  const sandboxLogs = new SandboxLogs(store);
  const spares: Spares = new Spares(
    {
      ...{ runner, logger, isolation: isolation.name, limits: policy.defaults },
      openRequest: (session) => openRequest(session, {}),
      room: () => executor.room,
    },
    { policy: config.spares, most: config.maxSpares },
  );
  const executor: Executor = building.use(
    new Executor(
      {
        ...{ store, log, logger, meter },
        runner: takingSpares(runner, spares, logger),
        serverId: `${hostname()}-${process.pid}`,
        openRequest,
        maySpend: (session) => terms.maySpend(session),
        modelRates: new ModelRates(config.tenantModelCallsPerMinute),
        ...{ sandboxLogs, maxRecoveries: config.turnRecoveries },
        memoryOf: (sessionId) => runner.memoryOf(sessionId),
      },
      { ...capacityOf(config), spares, watch: keeper },
    ),
  );
  building.use(spares);
  const keys = new ApiKeys({ store, envKey: config.apiKey, hashSecret: credentialKey, seal: secrets });
  const initialKeyPath = await keys.bootstrap(dataDir);
  const walls: Walls = {
    ...{ policy, isolations: offeredIsolations(config) },
    enforcedBy: (name) => runner.enforcedBy(name),
  };
  const sessions = new Sessions({
    ...{ store, log, executor, walls, spares },
    shapeOf: shaper({ store, folders, walls, credentials, secrets, terms }),
    forking: new Forking({ store, runner, sourceOf: snapshotSource }),
  });
  const turns = new Turns(store, log, executor, new DiskReserve(dataDir, config.minFreeDiskMb));
  const worker = building.use(
    new QueueWorker(
      { store, sessions, turns, log, logger, recover: (id) => executor.recover(id) },
      { concurrency: config.queueConcurrency },
    ),
  );
  const withFiles = { store, openRequest, executor, workspaces: runner.workspaces };
  const attachments = new Attachments({ ...withFiles, logger, sandboxLogs, config });
  const commands = building.use(new Exec(withFiles));
  const serverHealth = health({ store, executor, spares, isolation });
  const rooms: Rooms = {
    version,
    keys,
    sessions,
    log,
    turns,
    agents: new Agents({
      store,
      folders,
      dataDir,
      pathTenants: new Set(config.deployPaths === 'none' ? [] : [defaultTenant]),
      endSessions: (tenantId, agent) => sessions.endAll(tenantId, agent),
      changed: (tenantId, agent) => sessions.expect(tenantId, agent),
    }),
    agentFiles: agentFiles({ store, folders }),
    sessionFiles: sessionFiles(withFiles),
    attachments,
    commands,
    sandboxLogs,
    credentials,
    approvals: new Approvals({ store, log, executor }),
    queue: new Queue({ store, nudge: () => worker.nudge() }),
    usage: new Usage(store),
    egress: new Egress(store),
    webhooks: new Webhooks({ ...telling, nudge: () => deliveries.nudge() }),
    internal: createInternalGate(config.internalSecret),
    health: serverHealth,
    durable: () => store.durable(),
    metrics: createMetrics({ store, meter, spares, executor, health: serverHealth }),
  };
  await folders.sweepStaging();
  building.use(await serveControl(dataDir, logger, (ids, told) => keeper.takeAll(ids, told)));
  for (const id of await leftBehind(store, runner)) executor.recover(id);
  await worker.start();
  await deliveries.start();
  const sweep = building.use(new Sweep({ store, runner, logger, spares }));
  sweep.now();
  building.use(new Retention({ store, runner, keeper, attachments, logger, config })).now();
  building.use(new Forgetting({ store, logger, config })).now();
  const http = building.use(await serveHttp({ ...serveOptions(config), rooms, logger }));
  prepareBridges();
  const owned = building.move();
  return {
    http,
    isolation,
    initialKeyPath,
    drain: async (graceMs) => {
      worker.pause();
      await keeper.drain(graceMs, executor.drain(graceMs));
    },
    [Symbol.asyncDispose]: () => takeApart(owned, { executor, closing }),
  };
}

async function takeApart(
  owned: AsyncDisposableStack,
  { executor, closing }: { executor: Executor; closing: AbortController },
): Promise<void> {
  // First the turns: none is to fail because what comes up for it is let go of.
  executor.letGo();
  closing.abort();
  await owned.disposeAsync();
}

/** Sessions that an earlier server left with a sandbox, or with turns that have not ended. */
async function leftBehind(store: Store, runner: Runner): Promise<Set<string>> {
  const unfinished = await turnStore.listUnfinished(store.db);
  const known = await sessionStore.existing(store.db, await runner.list());
  return new Set([...known, ...unfinished.map((turn) => turn.sessionId)]);
}

/** What of the settings is about HTTP. */
function serveOptions(config: Config): Omit<ServeOptions, 'rooms'> {
  const { host, port, rateLimit: requests, rateLimitSessions: sessions, rateLimitAgents: agents } = config;
  const { allowedOrigins: origins = [], trustedProxies } = config;
  return { host, port, rates: { requests, sessions, agents }, origins, trustedProxies };
}

function capacityOf(config: Config): Omit<ExecutorOptions, 'spares' | 'watch'> {
  const { maxSandboxes: maxAwake, idleTimeoutMs: idleMs, capacityWaitMs: waitMs, maxWaiting } = config;
  // Of this machine, or of the container that the server is in.
  const bytes = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem());
  const memoryMb = config.sandboxesMemoryMb ?? Math.floor((0.75 * bytes) / 1024 ** 2);
  return { maxAwake, idleMs, waitMs, maxWaiting, memoryMb };
}
