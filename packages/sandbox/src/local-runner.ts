/** The runner of this machine: sandboxes as folders below the data directory, processes by an isolation. */
import { watch } from 'node:fs';
import { access, mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errors, isId, newId } from '@ash-ai/shared';
import { BridgeConnection } from './connection.ts';
import { type Isolation, IsolationError, type Launched, type Limits } from './isolation/isolation.ts';
import { layoutOf, makeSandboxDir } from './isolation/layout.ts';
import { createUidPool, takenUids, type UidPool, uidsOf } from './isolation/uids.ts';
import { LocalSandbox, type Remains } from './local-sandbox.ts';
import {
  type Attachment,
  type AwakeSandbox,
  type Committed,
  LeaseLost,
  type OpenRequest,
  type Runner,
} from './runner.ts';
import { hasRecord, readRecord, removeRecord, writeRecord } from './sandbox-record.ts';
import { Slots } from './slots.ts';
import { readSpool } from './spool-file.ts';
import { hasTranscript } from './transcript.ts';
import { prepareWorkspace } from './workspace/prepare.ts';

export interface LocalRunnerOptions {
  /** Holds a folder per session. */
  sandboxesDir: string;
  isolation: Isolation;
  limits: Limits;
  /** The bridge program: arguments for this Node, and what it reads of the host. */
  bridge: { args: readonly string[]; env: Readonly<Record<string, string>>; readablePaths: readonly string[] };
  /** The agent runtime's executable. */
  executable: string;
  /** How long a bridge may take to listen, in ms. Default 20,000. */
  startTimeoutMs?: number;
}

const workspaceMarker = 'workspace.json';

export async function createLocalRunner(options: LocalRunnerOptions): Promise<Runner> {
  await mkdir(options.sandboxesDir, { recursive: true, mode: 0o711 });
  const { privateUids } = options.isolation.capabilities();
  const pool = privateUids ? createUidPool({ taken: await takenUids(options.sandboxesDir) }) : undefined;
  return new LocalRunner(options, pool);
}

class LocalRunner implements Runner {
  readonly #options: LocalRunnerOptions;
  readonly #uids: UidPool | undefined;
  /** Starting is bound by the processor: twenty at once on two cores are all ready after 17 s, one by one the first after 0.5 s. */
  readonly #starts = new Slots(availableParallelism());

  constructor(options: LocalRunnerOptions, uids: UidPool | undefined) {
    this.#options = options;
    this.#uids = uids;
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
    const remains = this.#remains(dir, launched);
    if (connection === undefined) {
      await remains.kill();
      const life = (await readSpool(folder, committed))?.life ?? newId();
      return new LocalSandbox('remains', life, committed, remains);
    }
    const sandbox = new LocalSandbox('live', connection, committed, remains);
    // A bridge that was opened before only takes the keys from it.
    this.#openBridge(sandbox, request, await hasTranscript(layoutOf(dir).home, request.sessionId));
    return sandbox;
  }

  async kill(sessionId: string): Promise<void> {
    const dir = this.#dir(sessionId);
    const launched = await readRecord(dir);
    if (launched === undefined) return;
    await this.#options.isolation.destroy(launched);
    await removeRecord(dir);
  }

  async remove(sessionId: string): Promise<void> {
    await this.kill(sessionId);
    const dir = this.#dir(sessionId);
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

  async #start(request: OpenRequest): Promise<LocalSandbox> {
    const { isolation, executable, limits, bridge } = this.#options;
    await access(executable).catch((cause: unknown) => {
      throw errors.runtime_missing({ path: executable }, { cause });
    });
    const dir = this.#dir(request.sessionId);
    const uids = (await uidsOf(dir)) ?? this.#uids?.take();
    const layout = await makeSandboxDir(dir, uids);
    const marker = join(dir, workspaceMarker);
    await prepareWorkspace({ workspace: layout.workspace, marker, source: request.workspace, uid: uids?.wall });
    const resume = await hasTranscript(layout.home, request.sessionId);
    if (!resume && request.conversationKnown) throw errors.conversation_lost({ sessionId: request.sessionId });
    // A spool or a socket of the life before would be taken for this one's.
    await rm(join(layout.bridge, 'spool'), { force: true });
    await rm(join(layout.bridge, 'bridge.sock'), { force: true });
    const launched = await isolation
      .launch({
        sandboxId: newId(),
        sandboxDir: dir,
        ...(uids === undefined ? {} : { uids }),
        limits,
        runtimeDir: dirname(executable),
        bridge: { execPath: process.execPath, ...bridge, env: { ...bridge.env, HOME: layout.bridge } },
      })
      .catch((cause: unknown) => {
        if (!(cause instanceof IsolationError)) throw cause;
        throw errors.sandbox_launch_failed({ reason: cause.message }, { cause });
      });
    await writeRecord(dir, launched);
    const connection = await this.#connect(layout.bridge, request, launched);
    if (connection === undefined) {
      await this.kill(request.sessionId);
      throw errors.sandbox_launch_failed({ reason: await whyNotUp(layout.bridge) });
    }
    const sandbox = new LocalSandbox('cold', connection, request.committed, this.#remains(dir, launched));
    this.#openBridge(sandbox, request, resume);
    return sandbox;
  }

  #openBridge(sandbox: LocalSandbox, request: OpenRequest, resume: boolean): void {
    const { isolation, executable } = this.#options;
    const inside = isolation.inside({
      sandboxDir: this.#dir(request.sessionId),
      runtimeDir: dirname(executable),
    });
    sandbox.open({
      cmd: 'open',
      runtime: { ...request.runtime, resume },
      upstream: request.upstream,
      paths: {
        workspace: inside.workspace,
        home: inside.home,
        modelSocket: join(inside.run, 'model.sock'),
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

  #remains(dir: string, launched: Launched): Remains {
    return {
      kill: () => this.#options.isolation.destroy(launched),
      read: async (known: Committed) => (await readSpool(layoutOf(dir).bridge, known))?.frames ?? [],
      settle: () => removeRecord(dir),
    };
  }

  #dir(sessionId: string): string {
    if (!isId(sessionId)) throw new TypeError(`not a session id: ${sessionId}`);
    return join(this.#options.sandboxesDir, sessionId);
  }
}

/** The line of the bridge's log that says why it died. */
async function whyNotUp(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'bridge.log'), 'utf8').catch(() => '');
  const lines = log.split('\n').map((line) => line.trim());
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? 'its bridge did not come up').slice(0, 300);
}
