/** The bridge's one session: a runtime in its wall, one turn at a time, and everything it says into the outbox. */
import type { SdkMessage, TurnContent, TurnEnded } from '@ash-ai/shared';
import type { ModelUpstream, Paths, RuntimeOptions } from '@ash-ai/shared/bridge-wire';
import { AgentRuntime } from './agent-sdk.ts';
import type { ModelGateway } from './egress/model-gateway.ts';
import type { Outbox } from './outbox.ts';
import { turnEndedBy } from './turn.ts';
import type { Wall } from './wall.ts';

/** How long an interrupted turn may take to end before the wall is taken down, in ms. */
const interruptGraceMs = 10_000;

interface Turn {
  id: string;
  interrupted: boolean;
  /** Set once an interrupt was asked for. */
  deadline?: NodeJS.Timeout;
}

export class BridgeSession {
  readonly #wall: Wall;
  readonly #gateway: ModelGateway;
  readonly #outbox: Outbox;
  readonly #seenTurns = new Set<string>();
  #runtime: AgentRuntime | undefined;
  #turn: Turn | undefined;
  #lastTurnId: string | null = null;
  #over: TurnEnded | undefined;
  /** Resolves when the runtime is gone and will not come back. */
  readonly ended: Promise<void>;
  #markEnded: () => void = () => undefined;

  constructor(wall: Wall, gateway: ModelGateway, outbox: Outbox) {
    this.#wall = wall;
    this.#gateway = gateway;
    this.#outbox = outbox;
    this.ended = new Promise((resolve) => {
      this.#markEnded = resolve;
    });
  }

  get opened(): boolean {
    return this.#runtime !== undefined;
  }

  get running(): boolean {
    return this.#turn !== undefined;
  }

  get turnId(): string | null {
    return this.#turn?.id ?? this.#lastTurnId;
  }

  /** Starts the runtime at the first call; later ones only bring fresh keys. */
  open(options: { runtime: RuntimeOptions; upstream: ModelUpstream; paths: Paths }): void {
    this.#gateway.use(options.upstream);
    if (this.#runtime !== undefined || this.#over !== undefined) return;
    const runtime = new AgentRuntime(this.#wall, options.runtime, options.paths);
    this.#runtime = runtime;
    // A runtime that doesn't come up reports it through its messages.
    runtime.ready().then(
      () => this.#outbox.tell({ kind: 'ready' }),
      () => undefined,
    );
    void this.#pump(runtime);
  }

  /** Runs a turn. A turn that was seen before is not run again: its frames are in the outbox. */
  run(turnId: string, content: TurnContent): void {
    if (this.#seenTurns.has(turnId)) return;
    this.#seenTurns.add(turnId);
    this.#lastTurnId = turnId;
    if (this.#over !== undefined || this.#runtime === undefined) {
      this.#end(turnId, this.#over ?? failure('the runtime is not open'));
      return;
    }
    this.#turn = { id: turnId, interrupted: false };
    this.#runtime.send(turnId, content);
  }

  interrupt(turnId: string): void {
    const turn = this.#turn;
    if (turn?.id !== turnId || turn.interrupted) return;
    turn.interrupted = true;
    turn.deadline = setTimeout(() => this.#wall.kill(), interruptGraceMs);
    this.#runtime?.interrupt().catch(() => this.#wall.kill());
  }

  /** Ends the runtime in good order. */
  close(): void {
    if (this.#runtime === undefined) {
      this.#wall.kill();
      this.#markEnded();
    } else this.#runtime.close();
  }

  async #pump(runtime: AgentRuntime): Promise<void> {
    let reason = 'it exited';
    try {
      for await (const message of runtime.messages()) {
        this.#take(message);
        const room = this.#outbox.room();
        if (room !== undefined) await room;
      }
    } catch (cause) {
      reason = cause instanceof Error ? cause.message : String(cause);
    }
    const stderr = this.#wall.stderrTail;
    this.#over = failure(stderr === '' ? reason : `${reason}: ${stderr}`);
    const turn = this.#turn;
    if (turn !== undefined) this.#end(turn.id, turn.interrupted ? { outcome: 'interrupted' } : this.#over);
    this.#wall.kill();
    this.#markEnded();
  }

  #take(message: SdkMessage): void {
    const turn = this.#turn;
    const text = JSON.stringify(message);
    if (message.type === 'stream_event') {
      if (turn !== undefined) this.#outbox.preview(turn.id, text);
      return;
    }
    this.#outbox.keep('message', turn?.id ?? null, text);
    if (message.type !== 'result' || turn === undefined || !endsTurn(message, turn.id)) return;
    const { unreachable } = this.#gateway;
    this.#end(turn.id, turnEndedBy(message, { interrupted: turn.interrupted, unreachable }));
  }

  #end(turnId: string, ended: TurnEnded): void {
    clearTimeout(this.#turn?.deadline);
    this.#turn = undefined;
    this.#outbox.keep('turn_end', turnId, JSON.stringify(ended));
  }
}

/** Whether a `result` belongs to this turn: the runtime also reports turns that nobody sent (a task that came back). */
function endsTurn(result: SdkMessage, turnId: string): boolean {
  if (typeof result.user_message_uuid === 'string') return result.user_message_uuid === turnId;
  return typeof result.origin !== 'object' || result.origin === null;
}

function failure(reason: string): TurnEnded {
  return { outcome: 'failed', failure: { code: 'runtime_failed', error: reason } };
}
