/** The bridge's one session: a runtime in its wall, one turn at a time, and everything it says into the outbox. */
import { type ApprovalAnswer, newId, type SdkMessage, type TurnEnded, type TurnFailure } from '@ash-ai/shared';
import type { BridgeCommand } from '@ash-ai/shared/bridge-wire';
import type { EgressRecord } from '@ash-ai/shared/egress';
import { AgentRuntime } from './agent-sdk.ts';
import { Approvals, type Ask } from './approvals.ts';
import type { Egress } from './egress/egress.ts';
import { KeptCalls } from './kept-calls.ts';
import { type Hit, LimitWatch } from './limit-watch.ts';
import { type Outbox, PayloadTooLong } from './outbox.ts';
import { SilenceWatch } from './silence-watch.ts';
import { endsTurn, isOfAnother, runtimeFailed, turnEndedBy } from './turn.ts';
import type { Wall } from './wall.ts';

/** How long an interrupted turn may take to end before the wall is taken down, in ms. */
const interruptGraceMs = 10_000;

interface Turn {
  id: string;
  interrupted: boolean;
  /** The limit that it was ended for. */
  limit?: TurnFailure;
  /** Whether the runtime has it. */
  sent: boolean;
  /** Set once an interrupt was asked for. */
  deadline?: NodeJS.Timeout;
  /** Whether the runtime is just being asked to leave off. */
  asking?: boolean;
}

export class BridgeSession {
  readonly #wall: Wall;
  readonly #egress: Egress;
  readonly #outbox: Outbox;
  readonly #seenTurns = new Set<string>();
  readonly #approvals: Approvals;
  readonly #calls = new KeptCalls();
  readonly #limits = new LimitWatch((hit) => this.limit(hit));
  readonly #silence = new SilenceWatch({
    calling: () => this.#egress.calling,
    tell: (words) => this.#runtime?.send(undefined, words),
    giveUp: (failure) => this.limit({ failure, grace: false }),
  });
  #runtime: AgentRuntime | undefined;
  #runtimeKey: string | null = null;
  #turn: Turn | undefined;
  #lastTurnId: string | null = null;
  /** Whether the runtime came up. */
  #up = false;
  /** Whether it was gone without having refused to come up: another one may do better. */
  #fellOver = false;
  #over: TurnEnded | undefined;
  /** Resolves when the runtime is gone and will not come back. */
  readonly ended: Promise<void>;
  #markEnded: () => void = () => undefined;

  constructor(wall: Wall, egress: Egress, outbox: Outbox) {
    this.#wall = wall;
    this.#egress = egress;
    this.#outbox = outbox;
    this.#approvals = new Approvals({
      newId,
      tell: (request) => this.#tellApproval(JSON.stringify(request)),
      taken: (approvalId) => {
        const turnId = this.#turn?.id ?? '';
        this.#outbox.keep({ kind: 'answer_taken', turnId, approvalId }, 'null');
      },
    });
    this.ended = new Promise((resolve) => {
      this.#markEnded = resolve;
    });
  }

  /** What the runtime was started with, in the words of who started it. */
  get runtimeKey(): string | null {
    return this.#runtimeKey;
  }

  get running(): boolean {
    return this.#turn !== undefined;
  }

  get turnId(): string | null {
    return this.#turn?.id ?? this.#lastTurnId;
  }

  /** What may leave from now on. */
  terms({ upstream, egress }: BridgeCommand & { cmd: 'terms' }): void {
    this.#egress.use({ upstream, ...egress });
  }

  /** No model call passes for so many ms from now. */
  holdModelCalls(forMs: number): void {
    this.#egress.holdModelCalls(forMs);
  }

  /** Starts the runtime at the first call; later ones only bring fresh keys. */
  open(options: BridgeCommand & { cmd: 'open' }): void {
    this.#egress.use({ upstream: options.upstream, ...options.egress });
    this.#limits.use(options.limits);
    if (this.#runtime !== undefined || this.#over !== undefined) return;
    this.#runtimeKey = options.runtimeKey;
    const { goOn } = options.runtime;
    if (goOn !== undefined) {
      this.#begin(goOn.turnId);
      this.#approvals.expect(goOn.approvals);
    }
    const ask: Ask = (asked, signal) => {
      this.#silence.end();
      return this.#approvals.ask(asked, signal);
    };
    const egress = this.#egress.offersForwarder(options.egress?.policy);
    const { headStart } = options;
    const runtime = new AgentRuntime(this.#wall, { ...options.runtime, egress, headStart }, options.paths, {
      ask,
      mayRun: (toolUseId) => this.#calls.kept(toolUseId),
      started: (args) => this.#outbox.tell({ kind: 'started' }, JSON.stringify(args)),
    });
    this.#runtime = runtime;
    if (goOn?.words !== undefined) runtime.send(undefined, goOn.words);
    // A runtime that doesn't come up reports it through its messages.
    runtime.ready().then(
      () => {
        this.#up = true;
        if (goOn !== undefined) this.#silence.begin();
        this.#outbox.tell({ kind: 'ready' });
      },
      () => undefined,
    );
    void this.#pump(runtime);
  }

  /** Runs a turn. A turn that was seen before is not run again: its frames are in the outbox. */
  run({ turnId, content, options }: BridgeCommand & { cmd: 'run' }): void {
    if (this.#seenTurns.has(turnId)) return;
    // It is left to the sandbox that comes after.
    if (this.#over !== undefined && this.#fellOver) return;
    const turn = this.#begin(turnId);
    const runtime = this.#runtime;
    if (this.#over !== undefined || runtime === undefined) {
      this.#end(turnId, this.#over ?? runtimeFailed('the runtime is not open'));
      return;
    }
    runtime.apply(options).then(
      () => {
        if (this.#turn !== turn) return;
        if (turn.interrupted) this.#end(turnId, { outcome: 'interrupted' });
        else {
          turn.sent = true;
          runtime.send(turnId, content);
        }
      },
      (cause: unknown) => {
        if (this.#turn === turn)
          this.#end(turnId, runtimeFailed(cause instanceof Error ? cause.message : String(cause)));
      },
    );
  }

  answer(approvalId: string, answer: ApprovalAnswer): void {
    this.#approvals.answer(approvalId, answer);
  }

  /** Ends the running turn for a limit; with none, something was left running, and the wall goes. */
  limit({ failure, grace }: Hit): void {
    const turn = this.#turn;
    if (turn === undefined) this.#wall.kill();
    if (turn === undefined || turn.limit !== undefined || (grace && turn.interrupted)) return;
    turn.limit = failure;
    if (grace) this.interrupt(turn.id);
    else this.#wall.kill();
  }

  interrupt(turnId: string): void {
    const turn = this.#turn;
    if (turn?.id !== turnId || turn.interrupted) return;
    turn.interrupted = true;
    turn.deadline = setTimeout(() => this.#wall.kill(), interruptGraceMs);
    if (turn.sent) this.#askToLeaveOff(turn);
  }

  /** The runtime answers, and does nothing, while it has not begun the turn: so whatever it says of it then is asked again. */
  #askToLeaveOff(turn: Turn): void {
    if (turn.asking) return;
    turn.asking = true;
    this.#runtime?.interrupt().then(
      () => {
        turn.asking = false;
      },
      () => this.#wall.kill(),
    );
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
    let tooLong = false;
    try {
      for await (const message of runtime.messages()) {
        this.#take(message);
        const room = this.#outbox.room();
        if (room !== undefined) await room;
      }
    } catch (cause) {
      reason = cause instanceof Error ? cause.message : String(cause);
      tooLong = cause instanceof PayloadTooLong;
    }
    const { broken } = this.#wall;
    if (broken !== undefined) reason = broken;
    const stderr = this.#wall.stderrTail;
    const limit = this.#limits.causeOfDeath();
    this.#over =
      limit === undefined
        ? runtimeFailed(stderr === '' ? reason : `${reason}: ${stderr}`)
        : { outcome: 'failed', failure: limit };
    // One that was ended for what it wrote would write it again.
    const own = limit !== undefined || tooLong || broken !== undefined;
    this.#fellOver = !own && (this.#up || this.#wall.signalCode !== null);
    const turn = this.#turn;
    if (turn !== undefined) {
      // A turn that nobody and no limit has ended goes on in the sandbox that comes after.
      if (this.#fellOver && turn.limit === undefined && !turn.interrupted) {
        this.#outbox.keep({ kind: 'turn_cut', turnId: turn.id }, JSON.stringify(this.#over.failure));
      } else this.#end(turn.id, turn.interrupted ? { outcome: 'interrupted' } : this.#over);
    }
    this.#limits.end();
    this.#silence.end();
    this.#wall.kill();
    // What was under way is over now, and is written down before the end.
    await this.#egress[Symbol.asyncDispose]();
    this.#markEnded();
  }

  #take(given: SdkMessage): void {
    const { message, text } =
      given.type === 'stream_event' ? this.#wall.takeEvent() : { message: given, text: JSON.stringify(given) };
    // The runtime tells of a turn's completion after its result: the next turn may have begun by then.
    const turn = isOfAnother(message, this.#turn?.id) ? undefined : this.#turn;
    if (turn !== undefined) this.#silence.hear(message);
    if (message.type === 'stream_event') {
      if (turn !== undefined) this.#outbox.preview(turn.id, text);
      return;
    }
    this.#outbox.keep({ kind: 'message', turnId: turn?.id ?? null }, text);
    this.#calls.take(message);
    if (message.type === 'user') this.#limits.calm();
    if (message.type !== 'result' || turn === undefined || !endsTurn(message, turn.id)) {
      if (turn?.interrupted && turn.sent) this.#askToLeaveOff(turn);
      return;
    }
    const { failure: gateway } = this.#egress;
    this.#end(turn.id, turnEndedBy(message, { interrupted: turn.interrupted, gateway }));
  }

  /** A decision about something that wanted out: it is kept until the server has it. */
  noteEgress(record: EgressRecord): void {
    this.#outbox.keep({ kind: 'egress', turnId: this.#turn?.id ?? null }, JSON.stringify(record));
  }

  #begin(turnId: string): Turn {
    this.#seenTurns.add(turnId);
    this.#lastTurnId = turnId;
    // One that goes on by itself is with the runtime already.
    const goesOn = this.#runtime === undefined;
    const turn: Turn = { id: turnId, interrupted: false, sent: goesOn };
    this.#turn = turn;
    this.#limits.begin();
    this.#silence.expect();
    return turn;
  }

  /** Whether anybody was there to be asked: outside a turn there is not. */
  #tellApproval(payload: string): boolean {
    if (this.#turn === undefined) return false;
    this.#outbox.keep({ kind: 'approval', turnId: this.#turn.id }, payload);
    return true;
  }

  #end(turnId: string, ended: TurnEnded): void {
    const { deadline, limit } = this.#turn ?? {};
    clearTimeout(deadline);
    this.#turn = undefined;
    this.#approvals.forget();
    this.#calls.forget();
    this.#limits.end();
    this.#silence.end();
    // One that came to its end while it was being cut off has come to its end.
    const said = limit === undefined || ended.outcome === 'completed' ? ended : { outcome: 'failed', failure: limit };
    this.#outbox.keep({ kind: 'turn_end', turnId }, JSON.stringify(said));
  }
}
