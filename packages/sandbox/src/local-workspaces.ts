/** The workspaces of this machine: made once, then read and written through descriptors that no link leads astray. */
import { randomUUID } from 'node:crypto';
import { lstat, open, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errors, isId } from '@ash-ai/shared';
import { type CommandSpec, runCommand } from './command.ts';
import type { Disks } from './disk/disks.ts';
import type { DiskSize } from './disk/image.ts';
import type { Launched, UidPair } from './isolation/isolation.ts';
import { layoutOf, makeSandboxDir, type SandboxLayout } from './isolation/layout.ts';
import { type UidPool, uidsOf } from './isolation/uids.ts';
import type { ForkRequest, WorkspaceSource } from './runner.ts';
import { readRecord } from './sandbox-record.ts';
import { runSetUp } from './set-up.ts';
import { Slots } from './slots.ts';
import type { LocalSnapshots } from './snapshot/local-snapshots.ts';
import { putBack, whyLost, workspaceMarker } from './snapshot/put-back.ts';
import type { PutBack, Snapshot, SnapshotRequest } from './snapshot/snapshots.ts';
import { copyFolder, giveTo } from './workspace/copy.ts';
import { Folder } from './workspace/folder.ts';
import { listFiles } from './workspace/list.ts';
import { pack } from './workspace/pack.ts';
import { isPrepared, prepareWorkspace } from './workspace/prepare.ts';
import { bytesOf, bytesThen, readFile } from './workspace/read.ts';
import { removeTree } from './workspace/remove-tree.ts';
import { listingSkips } from './workspace/skipped.ts';
import { unpack } from './workspace/unpack.ts';
import { deleteFile, writeFiles } from './workspace/write.ts';
import type { CommandRequest, FilesFrom, WorkspaceOf, Workspaces } from './workspaces.ts';

/** A sandbox folder, with its owners. */
export interface Prepared {
  dir: string;
  layout: SandboxLayout;
  uids: UidPair | undefined;
}

/** Bundles are made and taken by so many at once; each keeps a thread busy. */
const bundlesAtOnce = 2;
const commandsAtOnce = 32;

interface LocalWorkspacesOptions extends CommandSpec {
  sandboxesDir: string;
  uids: UidPool | undefined;
  disks: Disks;
  size: DiskSize;
  snapshots: LocalSnapshots;
  /** Aborted when the server stops: scripts that set up a workspace are ended, and it is made anew the next time. */
  closing: AbortSignal;
}

export class LocalWorkspaces implements Workspaces {
  readonly #options: LocalWorkspacesOptions;
  readonly #preparing = new Map<string, Promise<Prepared>>();
  readonly #placing = new Map<string, Promise<Prepared>>();
  readonly #bundles = new Slots(bundlesAtOnce);
  readonly #commands = new Slots(commandsAtOnce);

  constructor(options: LocalWorkspacesOptions) {
    this.#options = options;
  }

  /** The session's folder. @throws TypeError for what can't be a session's id */
  dirOf(sessionId: string): string {
    if (!isId(sessionId)) throw new TypeError(`not a session id: ${sessionId}`);
    return join(this.#options.sandboxesDir, sessionId);
  }

  /** Makes the folders of a session, still empty. Only while its disk is held. */
  async place(sessionId: string): Promise<Prepared> {
    // Two at once would each take uids of their own.
    let placing = this.#placing.get(sessionId);
    if (placing === undefined) {
      placing = this.#place(this.dirOf(sessionId)).finally(() => this.#placing.delete(sessionId));
      this.#placing.set(sessionId, placing);
    }
    return await placing;
  }

  async #place(dir: string): Promise<Prepared> {
    const pool = this.#options.uids;
    const uids = pool && ((await uidsOf(dir)) ?? pool.take());
    return { dir, layout: await makeSandboxDir(dir, uids), uids };
  }

  /**
   * Makes a session's workspace if there is none; whoever asks for it at the same time waits.
   * @throws agent_directory_missing, workspace_lost when there was one
   * @param network what its scripts get for a network, if anything
   */
  async prepare(sessionId: string, source: WorkspaceSource, network?: () => Promise<Launched>): Promise<Prepared> {
    let preparing = this.#preparing.get(sessionId);
    if (preparing === undefined) {
      preparing = this.#prepare(sessionId, source, network).finally(() => this.#preparing.delete(sessionId));
      this.#preparing.set(sessionId, preparing);
    }
    return await preparing;
  }

  /** Whether the session has files. @throws workspace_lost when it should */
  async has(sessionId: string): Promise<boolean> {
    const dir = this.dirOf(sessionId);
    await this.#preparing.get(sessionId)?.catch(() => undefined);
    await this.#checkLost(dir);
    return await isPrepared(join(dir, workspaceMarker));
  }

  /** Sessions that have files here, and since when: a workspace that was put back is made anew. */
  async here(): Promise<{ sessionId: string; madeAt: string }[]> {
    const found: { sessionId: string; madeAt: string }[] = [];
    for (const sessionId of (await readdir(this.#options.sandboxesDir)).filter(isId)) {
      const marker = await lstat(join(this.dirOf(sessionId), workspaceMarker)).catch(() => undefined);
      if (marker !== undefined) found.push({ sessionId, madeAt: marker.mtime.toISOString() });
    }
    return found;
  }

  /** Puts a lost workspace back from its newest whole snapshot; undefined when it is there. @throws workspace_lost */
  async restore(sessionId: string, source: WorkspaceSource): Promise<PutBack | undefined> {
    await this.#preparing.get(sessionId)?.catch(() => undefined);
    const restoring = putBack(this.#options, this.dirOf(sessionId), source);
    const prepared = restoring
      .then(() => this.#prepare(sessionId, source))
      .finally(() => this.#preparing.delete(sessionId));
    this.#preparing.set(sessionId, prepared);
    await prepared;
    return await restoring;
  }

  /** A snapshot of a session that has files; undefined when it has none. @throws snapshot_failed, storage_full */
  async snapshot(request: SnapshotRequest, signal?: AbortSignal): Promise<Snapshot | undefined> {
    const dir = this.dirOf(request.sessionId);
    await this.#preparing.get(request.sessionId)?.catch(() => undefined);
    if (!(await isPrepared(join(dir, workspaceMarker)))) return undefined;
    await this.#checkLost(dir);
    return await this.#options.snapshots.take(request, dir, signal);
  }

  /**
   * Makes the folder of a new session from all that another one has; undefined when that has nothing yet.
   * @param snapshot whose workspace it gets instead of that of now; the home is always that of now
   * @throws workspace_lost, fork_failed
   */
  async copy<T>(
    { from, to, snapshot, agentDir }: Pick<ForkRequest, 'from' | 'to' | 'snapshot' | 'agentDir'>,
    use: (copy: Prepared) => Promise<T>,
  ): Promise<T | undefined> {
    const source = this.dirOf(from);
    await this.#preparing.get(from)?.catch(() => undefined);
    await this.#checkLost(source);
    if (!(await isPrepared(join(source, workspaceMarker)))) return undefined;
    const [before, after] = [layoutOf(source), this.dirOf(to)];
    const { disks, size, snapshots } = this.#options;
    await using _source = await disks.hold(source);
    const cloned = snapshot === undefined && (await disks.clone(source, after));
    await using _copy = await disks.hold(after, (await disks.sizeOf(source)) ?? size);
    const owner = this.#options.uids === undefined ? undefined : (await uidsOf(source))?.wall;
    const uids = this.#options.uids?.take();
    const layout = await makeSandboxDir(after, uids);
    if (snapshot !== undefined) {
      const target = { sandboxDir: after, agentDir, owner: uids?.wall, only: 'workspace' as const };
      await snapshots.fillFork(from, snapshot, target);
    }
    if (cloned) {
      await removeTree(layout.tmp);
      for (const folder of ['workspace', 'home'] as const) await giveTo(layout[folder], uids?.wall);
    } else {
      for (const folder of snapshot === undefined ? (['workspace', 'home'] as const) : (['home'] as const)) {
        await copyFolder(before[folder], layout[folder], { reader: owner, owner: uids?.wall });
      }
    }
    await writeFile(join(after, workspaceMarker), JSON.stringify({ from }), { mode: 0o600 });
    // Within the holds: a disk that nobody holds is unmounted, and its files with it.
    return await use({ dir: after, layout, uids });
  }

  async list(of: WorkspaceOf, { includeHidden }: { includeHidden: boolean }) {
    return await this.#within(of, async ({ root, from }) => ({
      ...(await listFiles(root, listingSkips(includeHidden))),
      from,
    }));
  }

  async read(of: WorkspaceOf, path: string, maxBytes: number) {
    // A disk that is read from must not be unmounted: the next mount of it would be a second one.
    const disk = await this.#options.disks.hold(this.dirOf(of.sessionId));
    const letGo = async () => await disk[Symbol.asyncDispose]();
    try {
      return await this.#within(of, async ({ root, from }) => ({
        ...bytesThen(await readFile(root, path, maxBytes), letGo),
        from,
      }));
    } catch (cause) {
      await letGo();
      throw cause;
    }
  }

  async write(of: WorkspaceOf, target: string, files: readonly { path: string; content: Uint8Array }[]) {
    return await this.#within(of, ({ root, owner }) => writeFiles(root, target, files, owner));
  }

  async delete(of: WorkspaceOf, path: string): Promise<void> {
    await this.#within(of, ({ root }) => deleteFile(root, path));
  }

  async pack(of: WorkspaceOf) {
    return await this.#within(of, ({ root, dir }) =>
      this.#bundles.use(async () => {
        const path = join(dir, `bundle-${randomUUID()}`);
        const file = await open(path, 'wx+', 0o600);
        try {
          // Without a name it is gone with its descriptor, whatever happens to this process.
          await rm(path);
          const size = await pack(root, file);
          return { size, content: bytesOf(file, size) };
        } catch (cause) {
          await file.close();
          throw cause;
        }
      }),
    );
  }

  async unpack(of: WorkspaceOf, bundle: Uint8Array) {
    return await this.#within(of, async ({ root, owner, from }) => {
      await this.#bundles.use(() => unpack(root, bundle, owner));
      return { from };
    });
  }

  async exec(of: WorkspaceOf, request: CommandRequest, signal: AbortSignal) {
    await using _disk = await this.#options.disks.hold(this.dirOf(of.sessionId));
    const prepared = await this.#need(of);
    const within = await this.#live(prepared.dir);
    return await this.#commands.use(() => runCommand(this.#options, { ...prepared, within }, request, signal));
  }

  async #prepare(sessionId: string, source: WorkspaceSource, network?: () => Promise<Launched>): Promise<Prepared> {
    const dir = this.dirOf(sessionId);
    await this.#checkLost(dir);
    await using _disk = await this.#options.disks.hold(dir, source.disk ?? this.#options.size);
    const { layout, uids } = await this.place(sessionId);
    const marker = join(dir, workspaceMarker);
    const place = { dir, uids };
    const { closing } = this.#options;
    const setUp = () => runSetUp(this.#options, place, { folder: layout.workspace, source, network, closing });
    await prepareWorkspace({ workspace: layout.workspace, marker, source, uid: uids?.wall, setUp });
    return { dir, layout, uids };
  }

  async #need({ sessionId, source }: WorkspaceOf): Promise<Prepared> {
    const dir = this.dirOf(sessionId);
    await this.#preparing.get(sessionId)?.catch(() => undefined);
    await this.#checkLost(dir);
    if (await isPrepared(join(dir, workspaceMarker))) {
      const uids = this.#options.uids === undefined ? undefined : await uidsOf(dir);
      return { dir, layout: layoutOf(dir), uids };
    }
    if (source === undefined) throw errors.workspace_not_found({ sessionId });
    return await this.prepare(sessionId, source);
  }

  /** A workspace that was there is never replaced by a fresh one. @throws workspace_lost */
  async #checkLost(dir: string): Promise<void> {
    const reason = await whyLost(dir, this.#options.snapshots);
    if (reason !== undefined) throw errors.workspace_lost({ sessionId: basename(dir), reason });
  }

  async #live(dir: string): Promise<Launched | undefined> {
    const launched = await readRecord(dir);
    if (launched === undefined) return undefined;
    return (await this.#options.isolation.isAlive(launched)).bridge ? launched : undefined;
  }

  async #within<T>(
    of: WorkspaceOf,
    work: (open: { root: Folder; owner: number | undefined; from: FilesFrom; dir: string }) => Promise<T>,
  ): Promise<T> {
    await using _disk = await this.#options.disks.hold(this.dirOf(of.sessionId));
    const { dir, layout, uids } = await this.#need(of);
    const from = (await this.#live(dir)) === undefined ? 'snapshot' : 'sandbox';
    await using root = await Folder.open(layout.workspace);
    return await work({ root, owner: uids?.wall, from, dir });
  }
}
