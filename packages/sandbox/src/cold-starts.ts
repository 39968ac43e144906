/** Cold starts: a disk, a workspace, a pair of processes and a runtime, side by side as far as they can be, and in their turn. */
import { mkdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { errors } from '@ash-ai/shared';
import { mayReach, type Paths } from '@ash-ai/shared/bridge-wire';
import type { IsolationName, SandboxLimits } from '@ash-ai/shared/contract';
import { unlessClosing } from './closing.ts';
import type { Disks } from './disk/disks.ts';
import { type HeadStart, HeadStarts } from './head-start.ts';
import type { Isolation, Launched } from './isolation/isolation.ts';
import { limitEventsOf } from './isolation/limit-events.ts';
import { type Launches, type Raised, refused } from './launch.ts';
import { LocalSandbox, type Remains } from './local-sandbox.ts';
import type { LocalWorkspaces } from './local-workspaces.ts';
import type { Attachment, Boot, OpenRequest, SpareRequest } from './runner.ts';
import { Slots } from './slots.ts';
import { markSpare } from './spare-mark.ts';
import { hasTranscript } from './transcript.ts';

/** A start that takes longer waits for something else than the processor: a script of its agent, say. In ms. */
const turnMs = 10_000;

export interface RemainsOptions {
  limits: SandboxLimits;
  /** See `Remains`. */
  started(args: readonly string[]): void;
}

interface Rooms {
  isolation: Isolation;
  /** The agent runtime's, on the host. */
  executable: string;
  launches: Launches;
  disks: Disks;
  workspaces: LocalWorkspaces;
  remainsOf(dir: string, launched: Launched, options: RemainsOptions): Remains;
  /** Aborted when the server stops: nobody waits for a turn any more. */
  closing: AbortSignal;
  /** Ends what there is of a session's sandbox. */
  kill(sessionId: string): Promise<void>;
}

export class ColdStarts {
  readonly headStarts = new HeadStarts();
  readonly #rooms: Rooms;
  /**
   * Starting is bound by the processor: twenty at once on two cores are all ready after 17 s, one by one the first after
   * 0.5 s. A start holds its slot until the runtime is up.
   */
  readonly #slots = new Slots(availableParallelism());

  constructor(rooms: Rooms) {
    this.#rooms = rooms;
  }

  /** Starts when it is its turn, which lasts until the runtime is up, or can't be bound by the processor any more. */
  async inTurn(request: OpenRequest): Promise<LocalSandbox> {
    const giveBack = await unlessClosing(this.#rooms.closing, this.#slots.take({ line: request.tenantId }));
    const timer = setTimeout(giveBack, turnMs).unref();
    const over = (): void => {
      clearTimeout(timer);
      giveBack();
    };
    try {
      const sandbox = await this.#start(request, request);
      void sandbox.booted.then(over);
      return sandbox;
    } catch (cause) {
      over();
      throw cause;
    }
  }

  /** Starts a spare once nobody wants to start, and then stands in nobody's way: it has but a tenth of the processor. */
  async whenIdle(request: SpareRequest): Promise<LocalSandbox> {
    (await unlessClosing(this.#rooms.closing, this.#slots.take({ yields: true })))();
    const dir = this.#rooms.workspaces.dirOf(request.sessionId);
    await mkdir(dir, { recursive: true, mode: 0o711 });
    await markSpare(dir);
    return await this.#start({ ...request, epoch: 0, committed: { life: null, n: 0 } }, request.boot);
  }

  /** Has its bridge start the runtime; one that was opened before only takes the keys from it. */
  async openBridge(
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

  /** @param boot absent: for a sandbox that waits with its bridge up, for whoever comes */
  async #start(
    request: Attachment & Pick<OpenRequest, 'sessionId' | 'limits'>,
    boot: Boot | undefined,
  ): Promise<LocalSandbox> {
    const { sessionId, limits } = request;
    // Before a disk is made: files that were there are never replaced by new ones.
    const known = boot?.conversationKnown === true || boot?.runtime.forkOf !== undefined;
    if (!(await this.#rooms.workspaces.has(sessionId)) && known) throw errors.conversation_lost({ sessionId });
    const disk = { diskMb: limits.diskMb, inodes: limits.inodes };
    await using _disk = await this.#rooms.disks.hold(this.#rooms.workspaces.dirOf(sessionId), disk);
    const place = await this.#rooms.workspaces.place(sessionId);
    const resume = boot === undefined ? false : await resumes(sessionId, place.layout.home, boot);
    const headStart = boot && this.#headStartFor(boot, { resume, walled: place.uids !== undefined });
    const made = Promise.withResolvers<void>();
    // The bridge's start takes longer than most workspaces: nothing of it looks at the files before it is told to.
    const raising = this.#rooms.launches.raise(
      sessionId,
      place,
      { ...request, isolation: boot?.isolation },
      headStart && { command: headStart.command, prepared: made.promise },
    );
    const preparing =
      boot === undefined
        ? undefined
        : this.#rooms.workspaces.prepare(sessionId, boot.workspace, networkOf(boot, raising));
    preparing?.then(() => made.resolve(), made.reject);
    // Whoever waits for it meets its failure there.
    made.promise.catch(() => undefined);
    const [raised, prepared] = await Promise.allSettled([raising, preparing]);
    if (raised.status === 'rejected' || prepared.status === 'rejected') {
      if (raised.status === 'fulfilled') raised.value.connection.destroy();
      // What its scripts tried to reach is in the bridge's spool: whoever comes next reads that first, as of one that died.
      if (raised.status === 'fulfilled' && mayReach(boot?.egress))
        await this.#rooms.isolation.destroy(raised.value.launched);
      else await this.#rooms.kill(sessionId);
      throw raised.status === 'rejected' ? raised.reason : prepared.status === 'rejected' ? prepared.reason : undefined;
    }
    const { launched, connection } = raised.value;
    const sandbox = new LocalSandbox(
      'cold',
      connection,
      request.committed,
      this.#rooms.remainsOf(place.dir, launched, {
        limits,
        started: (args) => boot && this.headStarts.learn(boot, resume, args),
      }),
    );
    const how = { launched, resume, headStart: headStart?.digest };
    if (boot !== undefined) await this.openBridge(sandbox, { sessionId, limits, ...boot }, how);
    return sandbox;
  }

  #headStartFor(boot: Boot, { resume, walled }: { resume: boolean; walled: boolean }): HeadStart | undefined {
    try {
      const paths = this.#pathsOf(boot.runtime.sessionId, boot.isolation ?? this.#rooms.isolation.name);
      return this.headStarts.of(boot, resume, paths, !walled && process.getuid?.() === 0);
    } catch (cause) {
      // An isolation that this server does not offer any more.
      return refused(cause);
    }
  }

  /** Where the runtime sees things. */
  #pathsOf(sessionId: string, name: IsolationName): Paths {
    const { executable, isolation, workspaces } = this.#rooms;
    const sandboxDir = workspaces.dirOf(sessionId);
    const inside = isolation.inside({ sandboxDir, runtimeDir: dirname(executable), isolation: name });
    return {
      workspace: inside.workspace,
      home: inside.home,
      modelSocket: join(inside.run, 'model.sock'),
      egressSocket: join(inside.run, 'egress.sock'),
      executable: join(inside.runtime, basename(executable)),
    };
  }
}

/** Whether there is a conversation to go on with. @throws conversation_lost */
async function resumes(sessionId: string, home: string, { runtime, conversationKnown }: Boot): Promise<boolean> {
  const { forkOf } = runtime;
  const resume = await hasTranscript(home, sessionId);
  const begun = resume || (forkOf !== undefined && (await hasTranscript(home, forkOf.sessionId)));
  if (!begun && (conversationKnown || forkOf !== undefined)) throw errors.conversation_lost({ sessionId });
  return resume;
}

/** The proxy for what sets up a workspace: that of the bridge, which is told its policy ahead of the runtime's start. */
function networkOf(boot: Boot, raising: Promise<Raised>): (() => Promise<Launched>) | undefined {
  const { upstream, egress } = boot;
  if (egress === undefined || !mayReach(egress)) return undefined;
  return async () => {
    const { connection, launched } = await raising;
    connection.send({ cmd: 'terms', upstream, egress });
    return launched;
  };
}
