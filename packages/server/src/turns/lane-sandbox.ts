/**
 * The sandbox of a lane, while it has one: woken, listened to until it is gone, put to sleep. What it says is committed
 * before anybody hears of it.
 *
 *   asleep ──open──► awake ──frames──► log ──ack──► bridge
 *      ▲               │
 *      └── sleep, stop, death of the sandbox
 */
import { type AwakeSandbox, LeaseLost, type OpenRequest, type Runner, unlessClosing } from '@ash-ai/sandbox';
import { errors } from '@ash-ai/shared';
import type { RuntimeOptions, TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { Logger } from 'pino';
import type { ModelRates } from '../egress/model-rates.ts';
import type { SandboxLogs } from '../sandbox-logs/sandbox-logs.ts';
import * as sessionStore from '../store/sessions.ts';
import type { Turn } from './current.ts';
import type { Ledger, LedgerRooms } from './ledger.ts';
import { type Recorded, record } from './record.ts';
import { runtimeKeyOf } from './runtime-key.ts';

/** What a lane's sandbox needs of the rooms around it. */
export interface SandboxRooms extends LedgerRooms {
  runner: Pick<Runner, 'open' | 'attach' | 'kill' | 'leftOff'>;
  logger: Logger;
  /** Hears what sandboxes say besides frames that are kept. */
  sandboxLogs: Pick<SandboxLogs, 'heard'>;
  /** What the session's sandbox is opened with. */
  openRequest(
    session: sessionStore.SessionRow,
    options: TurnOptions,
    goOn?: RuntimeOptions['goOn'],
  ): Promise<Omit<OpenRequest, 'epoch' | 'committed'>>;
  /** @throws spend_limit_reached when the session's tenant may spend nothing more on model calls */
  maySpend(session: sessionStore.SessionRow): Promise<void>;
  /** Holds the sandboxes of a tenant to its ceiling of model calls. */
  modelRates: Pick<ModelRates, 'rate'>;
  /** How often a turn goes on whose sandbox died. */
  maxRecoveries: number;
}

/** What its lane has to do with it. */
export interface SandboxOwner {
  sessionId: string;
  ledger: Ledger;
  /** Aborted when this server lets go of the session. */
  detached: AbortController;
  /** Resolves when the session may be awake. @throws capacity_reached */
  admit(tenantId: string): Promise<void>;
  /** Whether the session was stopped meanwhile. */
  stopped(): boolean;
  /** Something that it said is committed. */
  heard(part: Recorded): void;
  /** It is gone; `current` unless another one had taken its place by then. */
  gone(current: boolean): void;
}

export class LaneSandbox {
  readonly #rooms: SandboxRooms;
  readonly #owner: SandboxOwner;
  #live: AwakeSandbox | undefined;
  /** What the live runtime was switched to; only a restart brings it back to its own. */
  #effort: TurnOptions['effort'];
  #pump: Promise<void> = Promise.resolve();
  #pumping = false;

  constructor(rooms: SandboxRooms, owner: SandboxOwner) {
    this.#rooms = rooms;
    this.#owner = owner;
  }

  get live(): AwakeSandbox | undefined {
    return this.#live;
  }

  /** Whether there is a live one, or one that is on its way out. */
  get awake(): boolean {
    return this.#pumping;
  }

  /** Resolves when the one that is there is gone and everything that it said is committed. */
  get gone(): Promise<void> {
    return this.#pump;
  }

  /** Takes a sandbox of this tenant's that was there before. */
  adopt(tenantId: string, sandbox: AwakeSandbox, { effort }: TurnOptions): void {
    this.#take(tenantId, sandbox);
    this.#effort = effort;
  }

  /** Sees to it that there is one that serves these options. */
  async wake(options: TurnOptions, goOn?: RuntimeOptions['goOn']): Promise<void> {
    const { sessionId, ledger } = this.#owner;
    const session = await ledger.patiently(() => sessionStore.getById(this.#rooms.store.db, sessionId));
    if (session === undefined) throw errors.session_not_found({ sessionId });
    await ledger.patiently(() => this.#rooms.maySpend(session));
    const resets = this.#effort !== undefined && options.effort === undefined;
    if (this.#live !== undefined && (resets || this.#live.runtimeKey !== runtimeKeyOf(session, options)))
      await this.sleep();
    if (this.#live !== undefined) return;
    await this.#pump;
    await this.#owner.admit(session.tenantId);
    const request = await ledger.patiently(() => this.#rooms.openRequest(session, options, goOn));
    const sandbox = await this.#open({ ...request, ...ledger.attachment() });
    this.#take(session.tenantId, sandbox);
    this.#effort = undefined;
    if (this.#owner.stopped()) await this.#rooms.runner.kill(sessionId);
  }

  /** Whether it has had the turn from an earlier owner, or goes on with it by itself. */
  runs(turnId: string): boolean {
    const live = this.#live;
    return live !== undefined && (live.turnId === turnId || live.runtimeKey.endsWith(`:${turnId}`));
  }

  /** Gives it a turn; one that it has had is not run again. */
  run({ id, content, options: { model, effort } }: Turn): void {
    this.#effort = effort;
    this.#live?.run(id, content, {
      ...(model === undefined ? {} : { model }),
      ...(effort === undefined ? {} : { effort }),
    });
  }

  /** Ends it in good order. */
  async sleep(): Promise<void> {
    const sandbox = this.#live;
    this.#live = undefined;
    await sandbox?.close();
    await this.#pump;
  }

  /** Unless this server lets go of the session before: then the next one opens it. */
  async #open(request: OpenRequest): Promise<AwakeSandbox> {
    const { signal } = this.#owner.detached;
    const opening = this.#rooms.runner.open(request);
    return await unlessClosing(signal, opening).catch((cause: unknown) => {
      // It may come up all the same.
      opening.then(
        (late) => late.detach(),
        () => undefined,
      );
      throw cause;
    });
  }

  #take(tenantId: string, sandbox: AwakeSandbox): void {
    this.#live = sandbox;
    this.#owner.ledger.lives(sandbox.life);
    this.#pumping = true;
    // It came up while the server stops: the next one finds it.
    if (this.#owner.detached.signal.aborted) sandbox.detach();
    this.#pump = this.#pumpFrames(tenantId, sandbox);
  }

  /** Commits what the sandbox says until it is gone. */
  async #pumpFrames(tenantId: string, sandbox: AwakeSandbox): Promise<void> {
    const { sessionId, ledger, detached } = this.#owner;
    using rated = this.#rooms.modelRates.rate(tenantId, sandbox);
    try {
      for await (const frames of this.#rooms.sandboxLogs.heard(sessionId, sandbox)) {
        for (const part of record(frames, ledger.committedN)) {
          await ledger.commit(part);
          if (part.n !== undefined) sandbox.ack(part.n);
          rated.told(part.egress.map(({ record }) => record));
          this.#owner.heard(part);
        }
      }
    } catch (cause) {
      if (!detached.signal.aborted) {
        this.#rooms.logger.error({ sessionId, err: cause }, 'lost touch with the sandbox');
      }
      sandbox.detach();
      if (cause instanceof LeaseLost) detached.abort();
    }
    this.#pumping = false;
    const current = this.#live === sandbox;
    if (current) this.#live = undefined;
    this.#owner.gone(current);
  }
}
