/** The runner of this machine: sandboxes as folders below the data directory, processes by an isolation. */
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errors, isId, newId } from '@ash-ai/shared';
import type { Paths } from '@ash-ai/shared/bridge-wire';
import type { Enforced, IsolationName, SandboxLimits } from '@ash-ai/shared/contract';
import { unlessClosing } from './closing.ts';
import { Disks, isMounted } from './disk/disks.ts';
import type { DiskSize } from './disk/image.ts';
import { watchDisk, watchImage } from './disk/watch.ts';
import { forkFiles } from './fork.ts';
import { type HeadStart, HeadStarts } from './head-start.ts';
import type { Launched, Limits, UidPair } from './isolation/isolation.ts';
import { diskOf, layoutOf } from './isolation/layout.ts';
import { limitEventsOf } from './isolation/limit-events.ts';
import { enforcesNothing } from './isolation/process.ts';
import { createUidPool, type UidPool, uidsOf } from './isolation/uids.ts';
import { Launches, type LaunchOptions, type Raised } from './launch.ts';
import { type LeftOff, type LeftOffRequest, readLeftOff } from './left-off.ts';
import { LocalSandbox, type Remains } from './local-sandbox.ts';
import { LocalWorkspaces } from './local-workspaces.ts';
import { memoryOf } from './memory.ts';
import type {
  Attachment,
  AwakeSandbox,
  Boot,
  Committed,
  Conversation,
  ForkRequest,
  OpenRequest,
  Runner,
  SpareRequest,
} from './runner.ts';
import { hasRecordNow, readRecord, removeRecord } from './sandbox-record.ts';
import { Slots } from './slots.ts';
import { LocalSnapshots } from './snapshot/local-snapshots.ts';
import type { Snapshots } from './snapshot/snapshots.ts';
import { isSpare, markSpare, unmarkSpare, weigh } from './spare-mark.ts';
import { readSpool } from './spool-file.ts';
import { type Swept, strayFolders, sweepSandboxes, tagOf } from './sweep.ts';
import { hasTranscript } from './transcript.ts';
import { removeTree } from './workspace/remove-tree.ts';

/** A start that takes longer waits for something else than the processor: a script of its agent, say. In ms. */
const turnMs = 10_000;

export interface LocalRunnerOptions extends LaunchOptions {
  /** Holds a folder per session. */
  sandboxesDir: string;
  /** First uid of the range that is this server's, see `claimUids`. */
  firstUid: number;
  /** Holds a folder per session that has snapshots. */
  snapshotsDir: string;
  /** Largest snapshot, in bytes of all files. */
  maxSnapshotBytes: number;
  /** Of commands that name none. */
  limits: Limits;
  /** Pairs of uids that are in use. */
  takenUids: readonly UidPair[];
  /** Whether each session gets a disk of its own, see `tryDisks`, and how large. */
  disk: { images: boolean } & DiskSize;
}

export async function createLocalRunner(given: LocalRunnerOptions): Promise<Runner & AsyncDisposable> {
  await mkdir(given.sandboxesDir, { recursive: true, mode: 0o711 });
  // The kernel's mount table knows no links.
  const options = { ...given, sandboxesDir: await realpath(given.sandboxesDir) };
  const tag = await tagOf(options.sandboxesDir);
  const { isolation } = options;
  const privateUids = isolation.names.some((name) => isolation.capabilities(name).privateUids);
  const pool = privateUids ? createUidPool({ first: options.firstUid, taken: options.takenUids }) : undefined;
  return new LocalRunner(options, { uids: pool, tag, images: privateUids && options.disk.images });
}

class LocalRunner implements Runner, AsyncDisposable {
  readonly #options: LocalRunnerOptions;
  readonly #uids: UidPool | undefined;
  readonly #tag: string;
  readonly #disks: Disks;
  readonly #launches: Launches;
  readonly #images: boolean;
  readonly workspaces: LocalWorkspaces;
  readonly snapshots: Snapshots;
  readonly #stored: LocalSnapshots;
  readonly enforced: Enforced;
  /**
   * Starting is bound by the processor: twenty at once on two cores are all ready after 17 s, one by one the first after
   * 0.5 s. A start holds its slot until the runtime is up.
   */
  readonly #starts = new Slots(availableParallelism());

  readonly #headStarts = new HeadStarts();

  constructor(options: LocalRunnerOptions, found: { uids: UidPool | undefined; tag: string; images: boolean }) {
    const { uids, tag, images } = found;
    this.#options = options;
    this.#tag = tag;
    this.#uids = uids;
    const { sandboxesDir, isolation, limits, executable, disk, closing } = options;
    this.#disks = new Disks(sandboxesDir, images);
    this.#images = images;
    this.enforced = this.enforcedBy(isolation.name);
    this.#launches = new Launches(options, tag, (name) => this.enforcedBy(name));
    const { snapshotsDir, maxSnapshotBytes: maxBytes } = options;
    this.#stored = new LocalSnapshots({ snapshotsDir, maxBytes, disks: this.#disks, isolation });
    this.workspaces = new LocalWorkspaces({
      ...{ sandboxesDir, isolation, uids, limits, runtimeDir: dirname(executable), snapshots: this.#stored, closing },
      ...{ tag, underWay: this.#launches.underWay },
      ...{ disks: this.#disks, size: { diskMb: disk.diskMb, inodes: disk.inodes } },
    });
    this.snapshots = {
      take: (request, signal) => this.workspaces.snapshot(request, signal),
      list: (sessionId) => this.#stored.list(sessionId),
      prune: (sessionId, rules) => this.#stored.prune(sessionId, rules),
      remove: (sessionId) => this.#stored.remove(sessionId),
      sessions: () => this.#stored.sessions(),
      workspaces: () => this.workspaces.here(),
      restore: async (sessionId, source) => {
        await this.kill(sessionId);
        return await this.workspaces.restore(sessionId, source);
      },
    };
  }

  enforcedBy(name: string): Enforced {
    const { isolation } = this.#options;
    const known = isolation.names.find((one) => one === name);
    if (known === undefined) return { ...enforcesNothing, disk: 'none' };
    return {
      ...isolation.capabilities(known),
      disk: this.#images ? 'image' : known === 'process' ? 'none' : 'watchdog',
    };
  }

  async open(request: OpenRequest): Promise<AwakeSandbox> {
    const there = await this.attach(request);
    if (there?.path === 'live') return there;
    // Whoever opens has read the remains, by `attach`, before.
    await this.kill(request.sessionId);
    if (this.#options.closing.aborted) throw errors.shutting_down();
    return await this.#inTurn(request.tenantId, () => this.#start(request, request));
  }

  async attach(request: OpenRequest, { starts = true } = {}): Promise<AwakeSandbox | undefined> {
    const dir = this.#dir(request.sessionId);
    const launched = await readRecord(dir);
    if (launched === undefined) return undefined;
    if (await isSpare(dir)) {
      await weigh(launched, 'own');
      await unmarkSpare(dir);
    }
    // A server that died while it took a snapshot has left the sandbox standing still.
    await this.#options.isolation.setFrozen(launched, false);
    const { committed } = request;
    const folder = layoutOf(dir).bridge;
    let resumed = false;
    const remains = this.#remains(dir, launched, {
      limits: request.limits,
      started: (args) => this.#headStarts.learn(request, resumed, args),
    });
    const connection = await this.#launches.connect(folder, request, launched);
    // Its bridge can't tell a runtime that was started ahead of it, and not opened, from none.
    const useless = starts && launched.headStart === true && connection?.attached.runtimeKey === null;
    if (useless) connection?.destroy();
    if (connection === undefined || useless) {
      await remains.kill();
      const life = (await readSpool(folder, committed))?.life ?? newId();
      return new LocalSandbox('remains', life, committed, remains);
    }
    const sandbox = new LocalSandbox('live', connection, committed, remains);
    if (sandbox.runtimeKey === '' && !starts) return sandbox;
    try {
      // One that waited for whoever comes has nothing of anybody in it yet.
      if (sandbox.runtimeKey === '') await this.workspaces.prepare(request.sessionId, request.workspace);
      resumed = await hasTranscript(layoutOf(dir).home, request.sessionId);
      // A bridge that was opened before only takes the keys from it.
      await this.#openBridge(sandbox, request, { launched, resume: resumed });
    } catch (cause) {
      sandbox.detach();
      // One without a runtime is of no use to anybody.
      if (sandbox.runtimeKey === '') await this.kill(request.sessionId);
      throw cause;
    }
    return sandbox;
  }

  async kill(sessionId: string): Promise<void> {
    const dir = this.#dir(sessionId);
    const launched = await readRecord(dir);
    if (launched === undefined) return;
    await this.#options.isolation.destroy(launched);
    await rm(join(layoutOf(dir).bridge, 'bridge.sock'), { force: true });
    await removeRecord(dir);
    await this.#disks.rest(dir);
  }

  async leftOff(request: LeftOffRequest): Promise<LeftOff> {
    const dir = this.#dir(request.sessionId);
    await using _disk = await this.#disks.hold(dir);
    return await readLeftOff(layoutOf(dir).home, request);
  }

  async fork(request: ForkRequest): Promise<{ conversation: Conversation | undefined }> {
    try {
      return await forkFiles(this.workspaces, request);
    } catch (cause) {
      await this.remove(request.to);
      throw cause;
    }
  }

  async remove(sessionId: string): Promise<void> {
    await this.kill(sessionId);
    const dir = this.#dir(sessionId);
    await this.#disks.rest(dir);
    const uids = await uidsOf(dir);
    await removeTree(dir);
    if (uids !== undefined) this.#uids?.give(uids);
  }

  async memoryOf(sessionId: string): Promise<number | undefined> {
    const launched = await readRecord(this.#dir(sessionId));
    return launched && (await memoryOf(launched));
  }

  async list(): Promise<string[]> {
    const { sandboxesDir } = this.#options;
    const names = (await readdir(sandboxesDir)).filter(isId);
    // At the start only, when nobody is served yet: see `takenUids`.
    return names.filter((name) => hasRecordNow(join(sandboxesDir, name)));
  }

  async sweep(known: (sessionIds: string[]) => Promise<ReadonlySet<string>>): Promise<Swept> {
    const { sandboxesDir, isolation } = this.#options;
    const folders = await strayFolders(sandboxesDir, known);
    for (const id of folders) await this.remove(id);
    await this.#disks.sweep();
    const [tag, launching] = [this.#tag, this.#launches.underWay];
    return { sandboxes: await sweepSandboxes({ sandboxesDir, isolation, tag, launching }), folders };
  }

  async spare(request: SpareRequest): Promise<AwakeSandbox> {
    const { sessionId } = request;
    const start = async () => {
      const dir = this.#dir(sessionId);
      await mkdir(dir, { recursive: true, mode: 0o711 });
      await markSpare(dir);
      return await this.#start({ ...request, epoch: 0, committed: { life: null, n: 0 } }, request.boot);
    };
    try {
      // It waits until nobody wants to start, and then stands in nobody's way: it has but a tenth of the processor.
      (await unlessClosing(this.#options.closing, this.#starts.take({ yields: true })))();
      return await start();
    } catch (cause) {
      await this.remove(sessionId);
      throw cause;
    }
  }

  /** Starts when it is its turn, which lasts until the runtime is up, or can't be bound by the processor any more. */
  async #inTurn(line: string, start: () => Promise<LocalSandbox>): Promise<LocalSandbox> {
    const giveBack = await unlessClosing(this.#options.closing, this.#starts.take({ line }));
    const timer = setTimeout(giveBack, turnMs).unref();
    const over = (): void => {
      clearTimeout(timer);
      giveBack();
    };
    try {
      const sandbox = await start();
      void sandbox.booted.then(over);
      return sandbox;
    } catch (cause) {
      over();
      throw cause;
    }
  }

  /** @param boot absent: for a sandbox that waits with its bridge up, for whoever comes */
  async #start(
    request: Attachment & Pick<OpenRequest, 'sessionId' | 'limits'>,
    boot: Boot | undefined,
  ): Promise<LocalSandbox> {
    const { sessionId, limits } = request;
    // Before a disk is made: files that were there are never replaced by new ones.
    const known = boot?.conversationKnown === true || boot?.runtime.forkOf !== undefined;
    if (!(await this.workspaces.has(sessionId)) && known) throw errors.conversation_lost({ sessionId });
    const disk = { diskMb: limits.diskMb, inodes: limits.inodes };
    await using _disk = await this.#disks.hold(this.#dir(sessionId), disk);
    const place = await this.workspaces.place(sessionId);
    const resume = boot === undefined ? false : await this.#resumes(sessionId, place.layout.home, boot);
    const headStart = boot && this.#headStartFor(boot, { resume, walled: place.uids !== undefined });
    const made = Promise.withResolvers<void>();
    // The bridge's start takes longer than most workspaces: nothing of it looks at the files before it is told to.
    const raising = this.#launches.raise(
      sessionId,
      place,
      { ...request, isolation: boot?.isolation },
      headStart && { command: headStart.command, prepared: made.promise },
    );
    const preparing =
      boot === undefined ? undefined : this.workspaces.prepare(sessionId, boot.workspace, networkOf(boot, raising));
    preparing?.then(() => made.resolve(), made.reject);
    // Whoever waits for it meets its failure there.
    made.promise.catch(() => undefined);
    const [raised, prepared] = await Promise.allSettled([raising, preparing]);
    if (raised.status === 'rejected' || prepared.status === 'rejected') {
      if (raised.status === 'fulfilled') raised.value.connection.destroy();
      // What its scripts tried to reach is in the bridge's spool: whoever comes next reads that first, as of one that died.
      if (raised.status === 'fulfilled' && mayReach(boot)) await this.#options.isolation.destroy(raised.value.launched);
      else await this.kill(sessionId);
      throw raised.status === 'rejected' ? raised.reason : prepared.status === 'rejected' ? prepared.reason : undefined;
    }
    const { launched, connection } = raised.value;
    const sandbox = new LocalSandbox(
      'cold',
      connection,
      request.committed,
      this.#remains(place.dir, launched, {
        limits,
        started: (args) => boot && this.#headStarts.learn(boot, resume, args),
      }),
    );
    const how = { launched, resume, headStart: headStart?.digest };
    if (boot !== undefined) await this.#openBridge(sandbox, { sessionId, limits, ...boot }, how);
    return sandbox;
  }

  #headStartFor(boot: Boot, { resume, walled }: { resume: boolean; walled: boolean }): HeadStart | undefined {
    const paths = this.#pathsOf(boot.runtime.sessionId, boot.isolation ?? this.#options.isolation.name);
    return this.#headStarts.of(boot, resume, paths, !walled && process.getuid?.() === 0);
  }

  /** Whether there is a conversation to go on with. @throws conversation_lost */
  async #resumes(sessionId: string, home: string, { runtime, conversationKnown }: Boot): Promise<boolean> {
    const { forkOf } = runtime;
    const resume = await hasTranscript(home, sessionId);
    const begun = resume || (forkOf !== undefined && (await hasTranscript(home, forkOf.sessionId)));
    if (!begun && (conversationKnown || forkOf !== undefined)) throw errors.conversation_lost({ sessionId });
    return resume;
  }

  async #openBridge(
    sandbox: LocalSandbox,
    request: Boot & Pick<OpenRequest, 'sessionId' | 'limits'>,
    { launched, resume, headStart }: { launched: Launched; resume: boolean; headStart?: string | undefined },
  ): Promise<void> {
    sandbox.open({
      cmd: 'open',
      runtimeKey: request.runtimeKey,
      runtime: { ...request.runtime, resume },
      upstream: request.upstream,
      ...(request.egress === undefined ? {} : { egress: request.egress }),
      limits: { ...request.limits, ...(await limitEventsOf(launched.groups)) },
      paths: this.#pathsOf(request.sessionId, launched.isolation),
      ...(headStart === undefined ? {} : { headStart }),
    });
  }

  /** Where the runtime sees things. */
  #pathsOf(sessionId: string, isolation: IsolationName): Paths {
    const { executable } = this.#options;
    const sandboxDir = this.#dir(sessionId);
    const inside = this.#options.isolation.inside({ sandboxDir, runtimeDir: dirname(executable), isolation });
    return {
      workspace: inside.workspace,
      home: inside.home,
      modelSocket: join(inside.run, 'model.sock'),
      egressSocket: join(inside.run, 'egress.sock'),
      executable: join(inside.runtime, basename(executable)),
    };
  }

  #remains(
    dir: string,
    launched: Launched,
    { limits, started }: { limits: SandboxLimits; started(args: readonly string[]): void },
  ): Remains {
    const { workspace, home } = layoutOf(dir);
    return {
      started,
      watch: async (signal, hit) => {
        if (this.enforced.disk === 'none') return;
        if (await isMounted(dir)) await watchImage({ place: diskOf(dir), limits, signal, hit });
        else await watchDisk({ folders: [workspace, home], limits, signal, hit });
      },
      kill: () => this.#options.isolation.destroy(launched),
      read: async (known: Committed) => (await readSpool(layoutOf(dir).bridge, known))?.frames ?? [],
      settle: async () => {
        await rm(join(layoutOf(dir).bridge, 'bridge.sock'), { force: true });
        await removeRecord(dir);
        await this.#disks.rest(dir);
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stored[Symbol.asyncDispose]();
  }

  #dir(sessionId: string): string {
    return this.workspaces.dirOf(sessionId);
  }
}

const mayReach = (boot: Boot | undefined): boolean => (boot?.egress?.policy?.allow.length ?? 0) > 0;

/** The proxy for what sets up a workspace: that of the bridge, which is told its policy ahead of the runtime's start. */
function networkOf(boot: Boot, raising: Promise<Raised>): (() => Promise<Launched>) | undefined {
  const { upstream, egress } = boot;
  if (egress === undefined || !mayReach(boot)) return undefined;
  return async () => {
    const { connection, launched } = await raising;
    connection.send({ cmd: 'terms', upstream, egress });
    return launched;
  };
}
