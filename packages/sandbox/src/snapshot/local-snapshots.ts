/** Snapshots of this machine: a folder per session below the data folder. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errors, isId } from '@ash-ai/shared';
import type { Disks } from '../disk/disks.ts';
import type { Isolation } from '../isolation/isolation.ts';
import { diskOf } from '../isolation/layout.ts';
import { readRecord } from '../sandbox-record.ts';
import { names, newestHead, numbersIn, readHead, type SnapshotHead, writeHead } from './head.ts';
import type { Snapshot, SnapshotRequest, SnapshotRules } from './snapshots.ts';
import { JobFailed, SnapshotWorkers } from './workers.ts';

export interface LocalSnapshotsOptions {
  snapshotsDir: string;
  /** Largest that is taken, in bytes of all files. */
  maxBytes: number;
  disks: Disks;
  isolation: Pick<Isolation, 'isAlive' | 'setFrozen'>;
}

export class LocalSnapshots implements AsyncDisposable {
  readonly #options: LocalSnapshotsOptions;
  readonly #workers = new SnapshotWorkers();
  /** One after another of a session. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(options: LocalSnapshotsOptions) {
    this.#options = options;
  }

  /** @param sandboxDir folder of a session whose workspace is there */
  async take(request: SnapshotRequest, sandboxDir: string, signal?: AbortSignal): Promise<Snapshot> {
    const { sessionId } = request;
    return await this.#inTurn(sessionId, async () => {
      signal?.throwIfAborted();
      await using _disk = await this.#options.disks.hold(sandboxDir);
      const folder = this.#folder(sessionId);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await this.#tidy(folder, await numbersIn(folder));
      const previous = await newestHead(folder);
      const n = ((await numbersIn(folder)).at(-1) ?? 0) + 1;
      const { held, letGo } = await this.#hold(sandboxDir);
      try {
        const { taken } = await this.#workers.take(
          {
            ...{ disk: diskOf(sandboxDir), folder, snapshotsDir: this.#options.snapshotsDir, previous, n },
            ...{ agentDir: request.agentDir, maxBytes: this.#options.maxBytes },
          },
          { signal, urgent: request.urgent ?? false },
        );
        // What comes next may not be seen by it.
        signal?.throwIfAborted();
        if (taken === undefined && previous !== undefined) return toSnapshot(previous);
        if (taken === undefined) throw new JobFailed('nothing was taken');
        const disk = await this.#options.disks.sizeOf(sandboxDir);
        const { seq, session } = request;
        const head: SnapshotHead = {
          ...{ format: 1, n, sessionId, seq, at: new Date().toISOString(), held, session },
          ...taken,
          ...(disk === undefined ? {} : { disk }),
        };
        await writeHead(folder, head);
        return toSnapshot(head);
      } catch (cause) {
        if (!(cause instanceof JobFailed)) throw cause;
        if (cause.code === 'ENOSPC' || cause.code === 'EDQUOT') throw errors.storage_full({}, { cause });
        throw errors.snapshot_failed({ sessionId, reason: cause.message }, { cause });
      } finally {
        await letGo();
      }
    });
  }

  async list(sessionId: string): Promise<Snapshot[]> {
    const folder = this.#folder(sessionId);
    const heads = await Promise.all((await numbersIn(folder)).map((n) => readHead(folder, n)));
    return heads.flatMap((head) => (head === undefined ? [] : [toSnapshot(head)]));
  }

  /** Whether there are any, damaged ones too. */
  async has(sessionId: string): Promise<boolean> {
    return (await numbersIn(this.#folder(sessionId))).length > 0;
  }

  /** The newest one that is whole, every byte of it, at or before an entry; and newer ones that aren't. */
  async verified(
    sessionId: string,
    agentDir: string,
    notAfter = Number.POSITIVE_INFINITY,
  ): Promise<{ head: SnapshotHead | undefined; damaged: number[] }> {
    const folder = this.#folder(sessionId);
    const damaged: number[] = [];
    for (const n of (await numbersIn(folder)).reverse()) {
      const head = await readHead(folder, n);
      if (head !== undefined && head.seq > notAfter) continue;
      if (head !== undefined && (await this.#isWhole(head, agentDir))) return { head, damaged };
      damaged.push(n);
    }
    return { head: undefined, damaged };
  }

  /** Fills the empty folders of a sandbox. @throws JobFailed */
  async fill(
    head: SnapshotHead,
    target: { sandboxDir: string; agentDir: string; owner: number | undefined; only?: 'workspace' | 'home' },
  ): Promise<void> {
    const { sandboxDir, agentDir, owner, only } = target;
    await this.#workers.restore(
      {
        ...{ folder: this.#folder(head.sessionId), head, agentDir: agentOf(head, agentDir), owner },
        ...{ disk: diskOf(sandboxDir), ...(only === undefined ? {} : { only }) },
      },
      { urgent: true },
    );
  }

  /** The same for a fork, from a snapshot of its parent. @throws fork_failed */
  async fillFork(from: string, n: number, target: Parameters<LocalSnapshots['fill']>[1]): Promise<void> {
    try {
      const head = await readHead(this.#folder(from), n);
      if (head === undefined) throw new JobFailed('it is missing');
      await this.fill(head, target);
    } catch (cause) {
      if (!(cause instanceof JobFailed)) throw cause;
      throw errors.fork_failed({ reason: `the snapshot can't be used: ${cause.message}` }, { cause });
    }
  }

  async prune(sessionId: string, { keep, maxAgeMs }: SnapshotRules): Promise<void> {
    await this.#inTurn(sessionId, async () => {
      const folder = this.#folder(sessionId);
      const heads = (await Promise.all((await numbersIn(folder)).map((n) => readHead(folder, n)))).filter(
        (head) => head !== undefined,
      );
      // biome-ignore lint/plugin: compared with stored instants
      const oldest = Date.now() - maxAgeMs;
      const kept = heads
        .toReversed()
        .filter((head, index) => index === 0 || (index < keep && Date.parse(head.at) > oldest));
      // Damaged ones stay as long as there is no whole one: something of them may still be saved by hand.
      if (kept.length > 0)
        await this.#tidy(
          folder,
          kept.map(({ n }) => n),
        );
    });
  }

  async remove(sessionId: string): Promise<void> {
    await this.#inTurn(sessionId, () => rm(this.#folder(sessionId), { recursive: true, force: true }));
  }

  async sessions(): Promise<string[]> {
    return (await readdir(this.#options.snapshotsDir).catch(() => [])).filter(isId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#workers[Symbol.asyncDispose]();
    await Promise.allSettled(this.#queues.values());
  }

  /** Removes what none of these snapshots names. */
  async #tidy(folder: string, kept: readonly number[]): Promise<void> {
    const heads = await Promise.all(kept.map((n) => readHead(folder, n)));
    // One that can't be read may need anything.
    if (heads.includes(undefined)) return;
    const needed = new Set<string>();
    for (const head of heads) {
      if (head === undefined) continue;
      for (const name of [names.head(head.n), names.list(head.n), ...head.packs.map(({ n }) => names.pack(n))]) {
        needed.add(name);
      }
    }
    const left = (await readdir(folder)).filter((name) => !needed.has(name));
    // Heads first: what they name must be there as long as they are.
    left.sort((a, b) => Number(b.endsWith('.json')) - Number(a.endsWith('.json')));
    for (const name of left) await rm(join(folder, name), { force: true });
  }

  async #isWhole(head: SnapshotHead, agentDir: string): Promise<boolean> {
    const request = { folder: this.#folder(head.sessionId), head, agentDir: agentOf(head, agentDir) };
    try {
      await this.#workers.restore({ ...request, disk: undefined, owner: undefined }, { urgent: true });
      return true;
    } catch (cause) {
      if (!(cause instanceof JobFailed)) throw cause;
      return false;
    }
  }

  /** Has what lives in the sandbox stand still. */
  async #hold(sandboxDir: string): Promise<{ held: SnapshotHead['held']; letGo: () => Promise<void> }> {
    const { isolation } = this.#options;
    const launched = await readRecord(sandboxDir);
    if (launched === undefined || !(await isolation.isAlive(launched)).wall) {
      return { held: 'asleep', letGo: async () => {} };
    }
    const frozen = await isolation.setFrozen(launched, true);
    const letGo = async () => {
      if (frozen) await isolation.setFrozen(launched, false);
    };
    return { held: frozen ? 'frozen' : 'not held', letGo };
  }

  #folder(sessionId: string): string {
    if (!isId(sessionId)) throw new TypeError(`not a session id: ${sessionId}`);
    return join(this.#options.snapshotsDir, sessionId);
  }

  async #inTurn<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(sessionId) ?? Promise.resolve();
    const mine = before.catch(() => undefined).then(work);
    this.#queues.set(sessionId, mine);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(sessionId) === mine) this.#queues.delete(sessionId);
    }
  }
}

/** The folder of the agent version that a snapshot needs, which lies beside that of the session's present one. */
function agentOf({ agent }: SnapshotHead, agentDir: string): string | undefined {
  return agent === undefined || agent === basename(agentDir) ? agentDir : join(dirname(agentDir), agent);
}

export function toSnapshot({ n, seq, at, held, files, contentBytes, packs }: SnapshotHead): Snapshot {
  const storedBytes = packs.reduce((sum, { bytes }) => sum + bytes, 0);
  return { n, seq, at, held, files, contentBytes, storedBytes };
}
