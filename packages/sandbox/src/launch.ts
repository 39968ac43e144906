/** Raises the pair of a sandbox, bridge and wall, and finds the bridge's ear: the start of everything that lives here. */
import { watch } from 'node:fs';
import { access, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errors } from '@ash-ai/shared';
import type { Enforced, IsolationName, SandboxLimits } from '@ash-ai/shared/contract';
import type { BridgeCode } from './bridge-code.ts';
import { BridgeConnection } from './connection.ts';
import { type Isolation, IsolationError, type Launched } from './isolation/isolation.ts';
import type { Prepared } from './local-workspaces.ts';
import { type Attachment, LeaseLost } from './runner.ts';
import { isolationLimits } from './sandbox-limits.ts';
import { writeRecord } from './sandbox-record.ts';
import { isSpare, weigh } from './spare-mark.ts';
import { sandboxIdOf } from './sweep.ts';

export interface LaunchOptions {
  isolation: Isolation;
  /** The bridge program: arguments for this Node, and what it reads of the host. */
  bridge: { args: readonly string[]; env: Readonly<Record<string, string>>; readablePaths: readonly string[] };
  /** Compiled code of that program. */
  bridgeCode?: Pick<BridgeCode, 'envFor'>;
  /** The agent runtime's executable. */
  executable: string;
  /** How long a bridge may take to listen, in ms. Default 20,000. */
  startTimeoutMs?: number;
  /** Aborted when the server stops: then nobody waits for what is coming up. */
  closing: AbortSignal;
}

/** A runtime that is started while its bridge comes up, once its workspace is `prepared`. */
export interface Ahead {
  command: string;
  prepared: Promise<unknown>;
}

/** A pair that is up, with its bridge listening to us. */
export interface Raised {
  launched: Launched;
  connection: BridgeConnection;
}

export class Launches {
  /** Sandboxes that live and have no record yet. */
  readonly underWay = new Set<string>();
  readonly #options: LaunchOptions;
  readonly #tag: string;
  readonly #enforcedBy: (isolation: string) => Enforced;

  /** @param enforcedBy what every sandbox of an isolation must be held by */
  constructor(options: LaunchOptions, tag: string, enforcedBy: (isolation: string) => Enforced) {
    this.#options = options;
    this.#tag = tag;
    this.#enforcedBy = enforcedBy;
  }

  /** @param ahead is run in the wall as soon as that stands. @throws runtime_missing, sandbox_launch_failed; then the caller ends what is left */
  async raise(
    sessionId: string,
    { dir, layout, uids }: Prepared,
    {
      limits,
      isolation: wanted,
      ...attachment
    }: Attachment & { limits: SandboxLimits; isolation?: IsolationName | undefined },
    ahead?: Ahead,
  ): Promise<Raised> {
    const { isolation, executable, bridge, bridgeCode } = this.#options;
    await access(executable).catch((cause: unknown) => {
      throw errors.runtime_missing({ path: executable }, { cause });
    });
    // A spool or a socket of the life before would be taken for this one's.
    await rm(join(layout.bridge, 'spool'), { force: true });
    await rm(join(layout.bridge, 'bridge.sock'), { force: true });
    const compiled = await bridgeCode?.envFor(uids?.bridge);
    const sandboxId = sandboxIdOf(this.#tag, sessionId);
    this.underWay.add(sandboxId);
    const command = Promise.withResolvers<string | undefined>();
    const launched = await isolation
      .launch({
        sandboxId,
        sandboxDir: dir,
        ...(wanted === undefined ? {} : { isolation: wanted }),
        ...(uids === undefined ? {} : { uids }),
        limits: isolationLimits(limits),
        runtimeDir: dirname(executable),
        bridge: { execPath: process.execPath, ...bridge, env: { ...bridge.env, ...compiled, HOME: layout.bridge } },
        ...(ahead === undefined ? {} : { command: command.promise }),
      })
      .catch(refused)
      .then(async (made) => {
        // Before anything runs in it, as whoever finds the record must know.
        await writeRecord(dir, ahead === undefined ? made : { ...made, headStart: true });
        if (await isSpare(dir)) await weigh(made, 'spare');
        return made;
      })
      .catch((cause: unknown) => {
        command.resolve(undefined);
        throw cause;
      })
      .finally(() => this.underWay.delete(sandboxId));
    const unheld = this.#unheldBy(launched);
    if (unheld !== undefined) command.resolve(undefined);
    else
      ahead?.prepared.then(
        () => command.resolve(ahead.command),
        () => command.resolve(undefined),
      );
    const connection = unheld === undefined ? await this.connect(layout.bridge, attachment, launched) : undefined;
    if (connection === undefined) {
      throw errors.sandbox_launch_failed({ reason: unheld ?? (await whyNotUp(layout.bridge)) });
    }
    return { launched, connection };
  }

  /** Connects as soon as the bridge listens; undefined when it dies before, or takes too long. @throws LeaseLost, shutting_down */
  async connect(folder: string, attachment: Attachment, launched: Launched): Promise<BridgeConnection | undefined> {
    const deadline = performance.now() + (this.#options.startTimeoutMs ?? 20_000);
    let changed = Promise.withResolvers<void>();
    const look = (): void => changed.resolve();
    const watcher = watch(folder, look);
    const { closing } = this.#options;
    closing.addEventListener('abort', look);
    try {
      while (performance.now() < deadline) {
        try {
          return await BridgeConnection.attach(folder, attachment, closing);
        } catch (cause) {
          if (cause instanceof LeaseLost) throw cause;
          if (closing.aborted) throw errors.shutting_down();
          if (!(await this.#options.isolation.isAlive(launched)).bridge) return undefined;
        }
        // The watch tells of the socket's coming; the timer is for a bridge that dies before.
        const timer = setTimeout(look, 50);
        await changed.promise;
        clearTimeout(timer);
        changed = Promise.withResolvers();
      }
      return undefined;
    } finally {
      watcher.close();
      closing.removeEventListener('abort', look);
    }
  }

  /** A sandbox is never said to be limited when the kernel doesn't hold what it holds for others. */
  #unheldBy({ isolation, enforced }: Launched): string | undefined {
    const claimed = this.#enforcedBy(isolation);
    const missing = (['memory', 'pids', 'cpu'] as const).filter((name) => enforced[name] !== claimed[name]);
    return missing.length === 0 ? undefined : `its limits could not be set: ${missing.join(', ')}`;
  }
}

/** The line of the bridge's log that says why it died. */
async function whyNotUp(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'bridge.log'), 'utf8').catch(() => '');
  const lines = log.split('\n').map((line) => line.trim());
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? 'its bridge did not come up').slice(0, 300);
}

/** What an isolation refused, as a failure of the launch. */
export function refused(cause: unknown): never {
  if (!(cause instanceof IsolationError)) throw cause;
  throw errors.sandbox_launch_failed({ reason: cause.message }, { cause });
}
