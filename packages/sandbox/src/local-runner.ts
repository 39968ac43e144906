/** The runner of this machine: sandboxes as folders below the data directory, processes by an isolation. */
import { watch } from 'node:fs';
import { access, mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errors, isId, newId } from '@ash-ai/shared';
import type { Enforced, SandboxLimits } from '@ash-ai/shared/contract';
import { BridgeConnection } from './connection.ts';
import { Disks, isMounted } from './disk/disks.ts';
import { type DiskSize, whyNoImages } from './disk/image.ts';
import { watchDisk, watchImage } from './disk/watch.ts';
import { forkFiles } from './fork.ts';
import { type Isolation, IsolationError, type Launched, type Limits } from './isolation/isolation.ts';
import { diskOf, layoutOf } from './isolation/layout.ts';
import { limitEventsOf } from './isolation/limit-events.ts';
import { createUidPool, takenUids, type UidPool, uidsOf } from './isolation/uids.ts';
import { LocalSandbox, type Remains } from './local-sandbox.ts';
import { LocalWorkspaces } from './local-workspaces.ts';
import {
  type Attachment,
  type AwakeSandbox,
  type Committed,
  type Conversation,
  type ForkRequest,
  LeaseLost,
  type OpenRequest,
  type Runner,
} from './runner.ts';
import { isolationLimits } from './sandbox-limits.ts';
import { hasRecord, readRecord, removeRecord, writeRecord } from './sandbox-record.ts';
import { Slots } from './slots.ts';
import { readSpool } from './spool-file.ts';
import { type Swept, sandboxIdOf, strayFolders, sweepSandboxes, tagOf } from './sweep.ts';
import { hasTranscript } from './transcript.ts';

export interface LocalRunnerOptions {
  /** Holds a folder per session. */
  sandboxesDir: string;
  isolation: Isolation;
  /** Of commands that name none. */
  limits: Limits;
  /** A disk of its own for each session; `auto` where that works. */
  disk: { kind: 'auto' | 'image' | 'watchdog' } & DiskSize;
  /** The bridge program: arguments for this Node, and what it reads of the host. */
  bridge: { args: readonly string[]; env: Readonly<Record<string, string>>; readablePaths: readonly string[] };
  /** The agent runtime's executable. */
  executable: string;
  /** How long a bridge may take to listen, in ms. Default 20,000. */
  startTimeoutMs?: number;
}

export async function createLocalRunner(given: LocalRunnerOptions): Promise<Runner> {
  await mkdir(given.sandboxesDir, { recursive: true, mode: 0o711 });
  // The kernel's mount table knows no links.
  const options = { ...given, sandboxesDir: await realpath(given.sandboxesDir) };
  const tag = await tagOf(options.sandboxesDir);
  const { privateUids } = options.isolation.capabilities();
  const pool = privateUids ? createUidPool({ taken: await takenUids(options.sandboxesDir) }) : undefined;
  const why = options.disk.kind === 'watchdog' ? 'not asked for' : await whyNoImages(options.sandboxesDir);
  if (options.disk.kind === 'image' && why !== undefined) {
    throw errors.isolation_unavailable({ reason: `sessions can't have disks of their own: ${why}` });
  }
  return new LocalRunner(options, { uids: pool, tag, images: privateUids && why === undefined });
}

class LocalRunner implements Runner {
  readonly #options: LocalRunnerOptions;
  readonly #uids: UidPool | undefined;
  readonly #tag: string;
  readonly #disks: Disks;
  /** Sandboxes that live and have no record yet. */
  readonly #launching = new Set<string>();
  readonly workspaces: LocalWorkspaces;
  readonly enforced: Enforced;
  /** Starting is bound by the processor: twenty at once on two cores are all ready after 17 s, one by one the first after 0.5 s. */
  readonly #starts = new Slots(availableParallelism());

  constructor(options: LocalRunnerOptions, found: { uids: UidPool | undefined; tag: string; images: boolean }) {
    const { uids, tag, images } = found;
    this.#options = options;
    this.#tag = tag;
    this.#uids = uids;
    const { sandboxesDir, isolation, limits, executable, disk } = options;
    this.#disks = new Disks(sandboxesDir, images);
    const held = images ? 'image' : isolation.name === 'process' ? 'none' : 'watchdog';
    this.enforced = { ...isolation.capabilities(), disk: held };
    this.workspaces = new LocalWorkspaces({
      ...{ sandboxesDir, isolation, uids, limits, runtimeDir: dirname(executable) },
      ...{ disks: this.#disks, size: { diskMb: disk.diskMb, inodes: disk.inodes } },
    });
  }

  async open(request: OpenRequest): Promise<AwakeSandbox> {
    const there = await this.attach(request);
    if (there?.path === 'live') return there;
    // Whoever opens has read the remains, by `attach`, before.
    await this.kill(request.sessionId);
    return await this.#starts.use(() => this.#start(request));
  }

  async attach(request: OpenRequest): Promise<AwakeSandbox | undefined> {
    const dir = this.#dir(request.sessionId);
    const launched = await readRecord(dir);
    if (launched === undefined) return undefined;
    const { committed } = request;
    const folder = layoutOf(dir).bridge;
    const connection = await this.#connect(folder, request, launched);
    const remains = this.#remains(dir, launched, request.limits);
    if (connection === undefined) {
      await remains.kill();
      const life = (await readSpool(folder, committed))?.life ?? newId();
      return new LocalSandbox('remains', life, committed, remains);
    }
    const sandbox = new LocalSandbox('live', connection, committed, remains);
    // A bridge that was opened before only takes the keys from it.
    await this.#openBridge(sandbox, request, {
      launched,
      resume: await hasTranscript(layoutOf(dir).home, request.sessionId),
    });
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
    await rm(dir, { recursive: true, force: true });
    if (uids !== undefined) this.#uids?.give(uids);
  }

  async list(): Promise<string[]> {
    const { sandboxesDir } = this.#options;
    const names = (await readdir(sandboxesDir)).filter(isId);
    const found = await Promise.all(names.map(async (name) => hasRecord(await readdir(join(sandboxesDir, name)))));
    return names.filter((_, index) => found[index]);
  }

  async sweep(known: (sessionIds: string[]) => Promise<ReadonlySet<string>>): Promise<Swept> {
    const { sandboxesDir, isolation } = this.#options;
    const folders = await strayFolders(sandboxesDir, known);
    for (const id of folders) await this.remove(id);
    await this.#disks.sweep();
    const [tag, launching] = [this.#tag, this.#launching];
    return { sandboxes: await sweepSandboxes({ sandboxesDir, isolation, tag, launching }), folders };
  }

  async #start(request: OpenRequest): Promise<LocalSandbox> {
    const { isolation, executable, bridge } = this.#options;
    await access(executable).catch((cause: unknown) => {
      throw errors.runtime_missing({ path: executable }, { cause });
    });
    await using _disk = await this.#disks.hold(this.#dir(request.sessionId));
    const { dir, layout, uids } = await this.workspaces.prepare(request.sessionId, request.workspace);
    const resume = await hasTranscript(layout.home, request.sessionId);
    const { forkOf } = request.runtime;
    const begun = resume || (forkOf !== undefined && (await hasTranscript(layout.home, forkOf.sessionId)));
    if (!begun && (request.conversationKnown || forkOf !== undefined)) {
      throw errors.conversation_lost({ sessionId: request.sessionId });
    }
    // A spool or a socket of the life before would be taken for this one's.
    await rm(join(layout.bridge, 'spool'), { force: true });
    await rm(join(layout.bridge, 'bridge.sock'), { force: true });
    const sandboxId = sandboxIdOf(this.#tag, request.sessionId);
    this.#launching.add(sandboxId);
    const launched = await isolation
      .launch({
        sandboxId,
        sandboxDir: dir,
        ...(uids === undefined ? {} : { uids }),
        limits: isolationLimits(request.limits),
        runtimeDir: dirname(executable),
        bridge: { execPath: process.execPath, ...bridge, env: { ...bridge.env, HOME: layout.bridge } },
      })
      .catch((cause: unknown) => {
        if (!(cause instanceof IsolationError)) throw cause;
        throw errors.sandbox_launch_failed({ reason: cause.message }, { cause });
      })
      .then(async (made) => {
        await writeRecord(dir, made);
        return made;
      })
      .finally(() => this.#launching.delete(sandboxId));
    const unheld = this.#unheldBy(launched);
    const connection = unheld === undefined ? await this.#connect(layout.bridge, request, launched) : undefined;
    if (connection === undefined) {
      await this.kill(request.sessionId);
      throw errors.sandbox_launch_failed({ reason: unheld ?? (await whyNotUp(layout.bridge)) });
    }
    const sandbox = new LocalSandbox(
      'cold',
      connection,
      request.committed,
      this.#remains(dir, launched, request.limits),
    );
    await this.#openBridge(sandbox, request, { launched, resume });
    return sandbox;
  }

  /** A sandbox is never said to be limited when the kernel doesn't hold what it holds for others. */
  #unheldBy({ enforced }: Launched): string | undefined {
    const missing = (['memory', 'pids', 'cpu'] as const).filter((name) => enforced[name] !== this.enforced[name]);
    return missing.length === 0 ? undefined : `its limits could not be set: ${missing.join(', ')}`;
  }

  async #openBridge(
    sandbox: LocalSandbox,
    request: OpenRequest,
    { launched, resume }: { launched: Launched; resume: boolean },
  ): Promise<void> {
    const { isolation, executable } = this.#options;
    const inside = isolation.inside({
      sandboxDir: this.#dir(request.sessionId),
      runtimeDir: dirname(executable),
    });
    sandbox.open({
      cmd: 'open',
      runtimeKey: request.runtimeKey,
      runtime: { ...request.runtime, resume },
      upstream: request.upstream,
      ...(request.egress === undefined ? {} : { egress: request.egress }),
      limits: { ...request.limits, ...(await limitEventsOf(launched.groups)) },
      paths: {
        workspace: inside.workspace,
        home: inside.home,
        modelSocket: join(inside.run, 'model.sock'),
        egressSocket: join(inside.run, 'egress.sock'),
        executable: join(inside.runtime, basename(executable)),
      },
    });
  }

  /** Connects as soon as the bridge listens; undefined when it dies before, or takes too long. */
  async #connect(folder: string, attachment: Attachment, launched: Launched): Promise<BridgeConnection | undefined> {
    const deadline = Date.now() + (this.#options.startTimeoutMs ?? 20_000);
    let changed = Promise.withResolvers<void>();
    const watcher = watch(folder, () => changed.resolve());
    try {
      while (Date.now() < deadline) {
        try {
          return await BridgeConnection.attach(folder, attachment);
        } catch (cause) {
          if (cause instanceof LeaseLost) throw cause;
          if (!(await this.#options.isolation.isAlive(launched)).bridge) return undefined;
        }
        // The watch tells of the socket's coming; the timer is for a bridge that dies before.
        const timer = setTimeout(() => changed.resolve(), 50);
        await changed.promise;
        clearTimeout(timer);
        changed = Promise.withResolvers();
      }
      return undefined;
    } finally {
      watcher.close();
    }
  }

  #remains(dir: string, launched: Launched, limits: SandboxLimits): Remains {
    const { workspace, home } = layoutOf(dir);
    return {
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

  #dir(sessionId: string): string {
    return this.workspaces.dirOf(sessionId);
  }
}

/** The line of the bridge's log that says why it died. */
async function whyNotUp(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'bridge.log'), 'utf8').catch(() => '');
  const lines = log.split('\n').map((line) => line.trim());
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? 'its bridge did not come up').slice(0, 300);
}
