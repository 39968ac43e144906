/** The runner of this machine: sandboxes as folders below the data directory, processes by an isolation. */
import { mkdir, readdir, realpath, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errors, isId, newId } from '@ash-ai/shared';
import type { Enforced } from '@ash-ai/shared/contract';
import { ColdStarts, type RemainsOptions } from './cold-starts.ts';
import { Disks, isMounted } from './disk/disks.ts';
import type { DiskSize } from './disk/image.ts';
import { watchDisk, watchImage } from './disk/watch.ts';
import { forkFiles } from './fork.ts';
import type { Launched, Limits, UidPair } from './isolation/isolation.ts';
import { diskOf, layoutOf } from './isolation/layout.ts';
import { enforcesNothing } from './isolation/process.ts';
import { createUidPool, type UidPool, uidsOf } from './isolation/uids.ts';
import { Launches, type LaunchOptions } from './launch.ts';
import { type LeftOff, type LeftOffRequest, readLeftOff } from './left-off.ts';
import { LocalSandbox, type Remains } from './local-sandbox.ts';
import { LocalWorkspaces } from './local-workspaces.ts';
import { memoryOf } from './memory.ts';
import type {
  AwakeSandbox,
  Committed,
  Conversation,
  ForkRequest,
  OpenRequest,
  Runner,
  SpareRequest,
} from './runner.ts';
import { hasRecordNow, readRecord, removeRecord } from './sandbox-record.ts';
import { LocalSnapshots } from './snapshot/local-snapshots.ts';
import type { Snapshots } from './snapshot/snapshots.ts';
import { isSpare, unmarkSpare, weigh } from './spare-mark.ts';
import { readSpool } from './spool-file.ts';
import { type Swept, strayFolders, sweepSandboxes, tagOf } from './sweep.ts';
import { hasTranscript } from './transcript.ts';
import { removeTree } from './workspace/remove-tree.ts';

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
  readonly #starts: ColdStarts;

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
    this.#starts = new ColdStarts({
      ...{ isolation, executable, closing, launches: this.#launches, disks: this.#disks, workspaces: this.workspaces },
      remainsOf: (dir, launched, given) => this.#remains(dir, launched, given),
      kill: (sessionId) => this.kill(sessionId),
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
    return await this.#starts.inTurn(request);
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
      started: (args) => this.#starts.headStarts.learn(request, resumed, args),
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
      await this.#starts.openBridge(sandbox, request, { launched, resume: resumed });
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
    try {
      return await this.#starts.whenIdle(request);
    } catch (cause) {
      await this.remove(sessionId);
      throw cause;
    }
  }

  #remains(dir: string, launched: Launched, { limits, started }: RemainsOptions): Remains {
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
