/**
 * Forks: a new session that goes on from another one. Its log begins with the parent's entries, its workspace is a copy of
 * the parent's as it is now, or of its newest snapshot before the entry at which it forks, and its conversation begins with
 * a copy of the parent's, cut where the log is cut.
 * A parent that is working goes on: of its turn the fork has what the log had of it, and ends it as interrupted.
 */
import type { Runner, Snapshot } from '@ash-ai/sandbox';
import { errors, newId, type SdkMessage, type TurnEnded } from '@ash-ai/shared';
import { claimOnce } from '../idempotency.ts';
import type { SourceOf } from '../snapshots/source.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import * as turnStore from '../store/turns.ts';
import type { ForkedFiles, SessionSettings } from './options.ts';

/** How many of the newest messages are looked for in the transcript, which may lag behind the log by some. */
const maxPoints = 50;

export interface Forked {
  row: sessionStore.SessionRow;
  files: ForkedFiles;
  conversation: { upTo: number };
}

export class Forking {
  readonly #store: Store;
  readonly #runner: Pick<Runner, 'fork' | 'remove' | 'snapshots'>;
  readonly #sourceOf: SourceOf;

  constructor(rooms: { store: Store; runner: Pick<Runner, 'fork' | 'remove' | 'snapshots'>; sourceOf: SourceOf }) {
    this.#store = rooms.store;
    this.#runner = rooms.runner;
    this.#sourceOf = rooms.sourceOf;
  }

  /** @throws fork_point_invalid, fork_failed, idempotency_key_reused */
  async fork(parent: sessionStore.SessionRow, { at }: { at?: number | undefined }, key?: string): Promise<Forked> {
    const upTo = at ?? parent.lastSeq;
    if (upTo > parent.lastSeq) throw errors.fork_point_invalid({ at: upTo });
    const settings = parent.settings as SessionSettings;
    const turnRunning = (await turnStore.running(this.#store.db, parent.id)) !== undefined;
    const snapshot = at === undefined ? undefined : await this.#snapshotAt(parent.id, at);
    const asOf = snapshot?.at ?? new Date().toISOString();
    const points = at !== undefined || turnRunning ? await this.#points(parent.id, upTo) : undefined;
    const id = newId();
    const before = settings.fork?.conversation;
    const { conversation } = await this.#runner.fork({
      from: parent.id,
      to: id,
      snapshot: snapshot?.n,
      agentDir: (await this.#sourceOf(parent)).agentDir,
      conversations: [{ sessionId: parent.id }, ...(before === undefined ? [] : [before])],
      points,
    });
    try {
      if (conversation === undefined && parent.runtimeStarted && points?.length !== 0) {
        throw errors.fork_failed({ reason: "the agent runtime's transcript of the parent is missing" });
      }
      const source = snapshot === undefined ? 'now' : 'snapshot';
      const files = { asOf, turnRunning, source, seq: snapshot?.seq ?? parent.lastSeq } as const;
      const fork = { upTo, files, ...(conversation === undefined ? {} : { conversation }) };
      const made = await this.#insert(parent, { id, settings: { ...settings, fork }, at, key });
      if (made.id !== id) await this.#runner.remove(id);
      // Of a request that came before with the same key, if there was one.
      const { fork: taken = fork } = made.settings as SessionSettings;
      return { row: made, files: taken.files ?? files, conversation: { upTo: taken.upTo } };
    } catch (cause) {
      await this.#runner.remove(id);
      throw cause;
    }
  }

  /** The newest snapshot that is not later than an entry. */
  async #snapshotAt(sessionId: string, at: number): Promise<Snapshot | undefined> {
    return (await this.#runner.snapshots.list(sessionId)).findLast(({ seq }) => seq <= at);
  }

  /** Messages that the transcript may hold, newest first: prompts and what the agent itself said and was told. */
  async #points(sessionId: string, upTo: number): Promise<string[]> {
    const points: string[] = [];
    const types = ['message', 'turn_started'];
    for (let before = upTo + 1; points.length < maxPoints; ) {
      const page = await logStore.readBackText(this.#store.db, { sessionId, before, types, limit: 100 });
      for (const entry of page) {
        const point = entry.type === 'turn_started' ? entry.turnId : uuidOf(entry.dataText);
        if (point != null) points.push(point);
      }
      const first = page.at(-1)?.seq;
      if (first === undefined) break;
      before = first;
    }
    return points;
  }

  async #insert(
    parent: sessionStore.SessionRow,
    fork: { id: string; settings: SessionSettings; at: number | undefined; key: string | undefined },
  ): Promise<sessionStore.SessionRow> {
    const { id, settings } = fork;
    const createdAt = new Date().toISOString();
    const { tenantId } = parent;
    const { upTo, conversation } = settings.fork ?? { upTo: parent.lastSeq };
    const request = { fork: parent.id, at: fork.at };
    const { agentId, agentName, agentVersionId, model, config, sealed } = parent;
    return await this.#store.write(async (tx) => {
      const earlier = await claimOnce(tx, { tenantId, key: fork.key, request, resourceId: id, at: createdAt });
      if (earlier === undefined) {
        const values = { id, tenantId, agentId, agentName, agentVersionId, model, config, sealed, settings, createdAt };
        // The copied conversation may carry its running totals along: they are the parent's costs.
        const { costTotal, costTokens } = parent;
        await sessionStore.insert(tx, {
          ...values,
          costTotal,
          costTokens,
          status: 'paused',
          parentSessionId: parent.id,
        });
        await logStore.copy(tx, { from: parent.id, to: id, upTo });
        const data = { action: 'forked', parentSessionId: parent.id, upTo };
        const open = await logStore.openTurns(tx, { sessionId: id });
        const entries = [
          { type: 'session', createdAt, data },
          ...open.map((turnId) => ({ type: 'turn_ended', turnId, createdAt, data: goesOnElsewhere })),
        ];
        const appended = await logStore.append(tx, { sessionId: id, entries });
        if (typeof appended === 'string') throw new Error(`an entry without a lease was refused: ${appended}`);
        if (conversation !== undefined) {
          await sessionStore.update(tx, { id, at: createdAt, patch: { runtimeStarted: true } });
        }
      }
      const row = await sessionStore.get(tx, tenantId, earlier ?? id);
      if (row === undefined) throw errors.session_not_found({ sessionId: earlier ?? id });
      return row;
    });
  }
}

const goesOnElsewhere: TurnEnded = {
  outcome: 'interrupted',
  failure: { code: 'turn_interrupted', error: 'The turn was interrupted: it goes on in the parent session' },
};

/** The uuid of a message that is part of the agent's own conversation. */
function uuidOf(dataText: string): string | undefined {
  const message = JSON.parse(dataText) as SdkMessage;
  const own = (message.type === 'assistant' || message.type === 'user') && message.parent_tool_use_id == null;
  return own ? message.uuid : undefined;
}
