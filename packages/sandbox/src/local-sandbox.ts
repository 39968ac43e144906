/** A sandbox of this machine: a connection to its bridge while it lives, then what the bridge left in its spool. */
import type { ApprovalAnswer, TurnContent, TurnFailure } from '@ash-ai/shared';
import { type BridgeCommand, type Frame, type LiveOptions, MalformedFrame } from '@ash-ai/shared/bridge-wire';
import type { BridgeConnection } from './connection.ts';
import type { AwakeSandbox, Committed } from './runner.ts';

/** How long a runtime may take to end in good order, in ms. */
const closeGraceMs = 5_000;

export interface Remains {
  /** Ends all processes. */
  kill(): Promise<void>;
  /** Frames of a life that is over, after those that are known. */
  read(known: Committed): Promise<Frame[]>;
  /** Watches the limits that nothing else holds, until the signal. */
  watch(signal: AbortSignal, hit: (failure: TurnFailure) => void): Promise<void>;
  /** Hears with which arguments the Agent SDK started the runtime. */
  started(args: readonly string[]): void;
  /** Forgets the sandbox; called once its frames are committed. */
  settle(): Promise<void>;
}

export class LocalSandbox implements AwakeSandbox {
  readonly path: AwakeSandbox['path'];
  readonly life: string;
  readonly turnId: string | null;
  readonly running: boolean;
  #runtimeKey: string;
  readonly #connection: BridgeConnection | undefined;
  readonly #remains: Remains;
  readonly #gone = Promise.withResolvers<void>();
  readonly #booted = Promise.withResolvers<void>();
  #seen: number;
  #detached = false;

  constructor(path: 'live' | 'cold', connection: BridgeConnection, known: Committed, remains: Remains);
  constructor(path: 'remains', life: string, known: Committed, remains: Remains);
  constructor(path: AwakeSandbox['path'], from: BridgeConnection | string, known: Committed, remains: Remains) {
    this.path = path;
    this.#connection = typeof from === 'string' ? undefined : from;
    this.life = typeof from === 'string' ? from : from.attached.life;
    this.turnId = typeof from === 'string' ? null : from.attached.turnId;
    this.running = typeof from === 'string' ? false : from.attached.running;
    this.#runtimeKey = typeof from === 'string' ? '' : (from.attached.runtimeKey ?? '');
    this.#remains = remains;
    this.#seen = known.life === this.life ? known.n : 0;
  }

  get runtimeKey(): string {
    return this.#runtimeKey;
  }

  /** Resolves when nothing of it starts any more: its runtime is up, is not to come up, or it is gone. */
  get booted(): Promise<void> {
    return this.#runtimeKey === '' ? Promise.resolve() : this.#booted.promise;
  }

  async *frames(): AsyncGenerator<Frame[], void, undefined> {
    try {
      yield* this.#allFrames();
    } finally {
      this.#gone.resolve();
      this.#booted.resolve();
    }
  }

  async *#allFrames(): AsyncGenerator<Frame[], void, undefined> {
    if (this.#connection !== undefined) {
      const left = new AbortController();
      const watch = this.#remains.watch(left.signal, (failure) => this.#connection?.send({ cmd: 'limit', failure }));
      try {
        for await (const batch of this.#connection.frames()) {
          for (const { header, payload } of batch) {
            if ('n' in header) this.#seen = header.n;
            else if (header.kind === 'ready') this.#booted.resolve();
            else if (header.kind === 'started') this.#remains.started(argsOf(payload));
          }
          yield batch;
        }
      } catch (cause) {
        // A bridge that doesn't speak our language is as good as dead; what it spooled before still counts.
        if (!(cause instanceof MalformedFrame)) throw cause;
      } finally {
        left.abort();
        await watch;
      }
    }
    if (this.#detached) return;
    await this.#remains.kill();
    const rest = await this.#remains.read({ life: this.life, n: this.#seen });
    if (rest.length > 0) yield rest;
    await this.#remains.settle();
  }

  open(command: BridgeCommand & { cmd: 'open' }): void {
    if (this.#runtimeKey === '') this.#runtimeKey = command.runtimeKey;
    this.#connection?.send(command);
  }

  run(turnId: string, content: TurnContent, options: LiveOptions): void {
    this.#connection?.send({ cmd: 'run', turnId, content, options });
  }

  answer(approvalId: string, answer: ApprovalAnswer): void {
    this.#connection?.send({ cmd: 'answer', approvalId, answer });
  }

  ack(n: number): void {
    this.#connection?.send({ cmd: 'ack', n });
  }

  interrupt(turnId: string): void {
    this.#connection?.send({ cmd: 'interrupt', turnId });
  }

  holdModelCalls(forMs: number): void {
    this.#connection?.send({ cmd: 'hold_model_calls', forMs });
  }

  async close(): Promise<void> {
    this.#connection?.send({ cmd: 'close' });
    const timer = setTimeout(() => void this.#remains.kill().finally(() => this.#connection?.destroy()), closeGraceMs);
    try {
      await this.#gone.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  detach(): void {
    this.#detached = true;
    this.#booted.resolve();
    this.#connection?.destroy();
  }
}

function argsOf(payload: string): readonly string[] {
  const args: unknown = JSON.parse(payload);
  if (Array.isArray(args) && args.every((arg) => typeof arg === 'string')) return args;
  throw new MalformedFrame('not a list of arguments');
}
