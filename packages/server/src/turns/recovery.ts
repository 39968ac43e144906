/**
 * How a turn goes on whose sandbox is gone. What got lost between runtime and log is brought back from the transcript; then
 * the transcript alone decides, so that a prompt is never run twice nor lost, and no tool is called twice unnoticed.
 */
import type { LeftOff, Runner } from '@ash-ai/sandbox';
import { newId, type SdkMessage, type SessionAction, type TurnContent, type TurnFailure } from '@ash-ai/shared';
import type { GoOn, KnownApproval } from '@ash-ai/shared/bridge-wire';
import type { Store } from '../store/open.ts';
import type { Turn } from './current.ts';
import { cutNote } from './cut-note.ts';
import { lost } from './endings.ts';
import type { Ledger, OwnEntry } from './ledger.ts';
import { type SoFar, turnSoFar } from './so-far.ts';

/** What the next sandbox has to do with the turn. */
export type Going =
  /** Its runtime goes on with it. */
  | { goOn: GoOn }
  /** It is given it, as the prompt never got into the conversation. */
  | { again: TurnContent }
  /** Nothing: the turn has ended. */
  | 'ended';

const continueWords = 'Continue from where you left off.';

export interface RecoveryRooms {
  store: Store;
  runner: Pick<Runner, 'leftOff'>;
  ledger: Ledger;
  sessionId: string;
  maxRecoveries: number;
}

export class Recovery {
  readonly #turn: Turn;
  readonly #rooms: RecoveryRooms;
  #found: { soFar: SoFar; leftOff: LeftOff } | undefined;
  #why: TurnFailure | undefined;

  constructor(turn: Turn, rooms: RecoveryRooms) {
    this.#turn = turn;
    this.#rooms = rooms;
  }

  /** Writes down that the turn's sandbox is gone, and what it had said. Only once it is gone. */
  async lost(why = lost('its process ended').failure): Promise<void> {
    const { leftOff } = await this.#look();
    this.#why = why;
    const unsaid = leftOff.unsaid.map((message) => this.#message(message));
    await this.#rooms.ledger.note([...unsaid, this.#session('sandbox_lost', { ...why })]);
  }

  /** Decides how the turn goes on, and writes it down. @param approvals what it waits for, with the answers there are */
  async goOn(approvals: KnownApproval[]): Promise<Going> {
    const { soFar, leftOff } = await this.#look();
    const { ledger, maxRecoveries } = this.#rooms;
    if (leftOff.state === 'finished') {
      await this.#finish(leftOff);
      return 'ended';
    }
    if (this.#why !== undefined && soFar.recoveries >= maxRecoveries) {
      await ledger.end(this.#turn.id, { outcome: 'failed', failure: this.#why });
      return 'ended';
    }
    const { going, ...decided } = decide(this.#turn, { soFar, leftOff, approvals });
    if (this.#why !== undefined)
      await ledger.note([this.#session('recovered', { ...decided, attempt: soFar.recoveries + 1 })]);
    return going;
  }

  /** The model had its last word, but the runtime's result got lost with it. */
  async #finish({ text }: LeftOff): Promise<void> {
    const { id } = this.#turn;
    const { sessionId, ledger } = this.#rooms;
    const result = {
      ...{ type: 'result', subtype: 'success', is_error: false, result: text, session_id: sessionId, uuid: newId() },
      ...{ user_message_uuid: id, recovered: true },
    };
    const recovered = this.#session('recovered', { how: 'finished' });
    await ledger.end(id, { outcome: 'completed' }, [recovered, this.#message(result)]);
  }

  async #look(): Promise<{ soFar: SoFar; leftOff: LeftOff }> {
    const { store, runner, ledger, sessionId } = this.#rooms;
    const turnId = this.#turn.id;
    if (this.#found === undefined) {
      const soFar = await ledger.patiently(() => turnSoFar(store.db, { sessionId, turnId }));
      this.#found = { soFar, leftOff: await runner.leftOff({ sessionId, turnId, said: soFar.said }) };
    }
    return this.#found;
  }

  #message(message: SdkMessage): OwnEntry {
    return { type: 'message', turnId: this.#turn.id, dataText: JSON.stringify(message) };
  }

  #session(action: SessionAction, more: object): OwnEntry {
    return { type: 'session', turnId: this.#turn.id, dataText: JSON.stringify({ action, ...more }) };
  }
}

interface Decided {
  how: string;
  going: Going;
  /** Calls whose outcome nobody knows, the model included. */
  cutCalls: string[];
  /** Calls whose results only the log has: the model is told them. */
  toldCalls: string[];
}

/** Pure. */
function decide(
  { id: turnId, content }: Turn,
  { soFar, leftOff, approvals }: { soFar: SoFar; leftOff: LeftOff; approvals: KnownApproval[] },
): Decided {
  const known = new Set(leftOff.calls.map(({ id }) => id));
  const open = new Set(leftOff.calls.filter((call) => call.open).map(({ id }) => id));
  const waited = new Set(approvals.map(({ request }) => request.toolUseId));
  // The log is flushed to the disk, the transcript runs behind, and isn't: it may have forgotten calls, or their results.
  const lacking = [...soFar.calls].filter(([id]) => (!known.has(id) || open.has(id)) && !waited.has(id));
  const toldCalls = lacking.filter(([, { ended }]) => ended !== undefined).map(([id]) => id);
  const cutCalls = [...open, ...lacking.map(([id]) => id).filter((id) => !open.has(id))].filter(
    (id) => !toldCalls.includes(id),
  );
  const resumable = toldCalls.length === 0 && lacking.every(([id]) => known.has(id));
  const note = resumable ? undefined : cutNote(lacking.map(([, call]) => call));
  if (leftOff.state === 'absent') {
    const again = note === undefined ? content : withNote(content, note);
    return { how: 'given_again', going: { again }, cutCalls, toldCalls };
  }
  if (approvals.length > 0 && resumable && leftOff.state === 'open' && cutCalls.every((id) => waited.has(id))) {
    return { how: 'asked_again', going: { goOn: { turnId, approvals, how: 'asks_again' } }, cutCalls: [], toldCalls };
  }
  if (resumable && leftOff.state === 'open') {
    return { how: 'resumed', going: { goOn: { turnId, approvals, how: 'shows_cut' } }, cutCalls, toldCalls };
  }
  const words = note === undefined ? continueWords : `${note}\n\n${continueWords}`;
  return { how: 'told', going: { goOn: { turnId, approvals, how: 'told', words } }, cutCalls, toldCalls };
}

function withNote(content: TurnContent, note: string): TurnContent {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  return [...blocks, { type: 'text', text: note }];
}
