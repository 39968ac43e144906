/**
 * What is kept of sessions that have ended, and for how long: first the workspace as it is, then its snapshot only, then
 * nothing but the log.
 */
import type { Runner } from '@ash-ai/sandbox';
import type { Logger } from 'pino';
import type { Attachments } from '../attachments/attachments.ts';
import type { Config } from '../config.ts';
import * as egressStore from '../store/egress.ts';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import type { SnapshotKeeper } from './keeper.ts';

export interface RetentionRooms {
  store: Store;
  runner: Pick<Runner, 'snapshots' | 'remove'>;
  keeper: Pick<SnapshotKeeper, 'takeAll'>;
  attachments: Pick<Attachments, 'sessions' | 'forget'>;
  logger: Logger;
  config: Pick<Config, 'endedWorkspaceDays' | 'endedWorkspaces' | 'endedSnapshotDays'>;
}

const everyMs = 10 * 60_000;
const dayMs = 24 * 60 * 60_000;
/** One that was put back for somebody who looks at it stays for a while. */
const lookedAtMs = 60 * 60_000;

export class Retention implements AsyncDisposable {
  readonly #rooms: RetentionRooms;
  readonly #timer: NodeJS.Timeout;
  #work: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(rooms: RetentionRooms) {
    this.#rooms = rooms;
    this.#timer = setInterval(() => this.now(), everyMs).unref();
  }

  /** Tidies up after the time before, if that is under way. A failure is logged: the next time may do better. */
  now(): void {
    this.#work = this.#work
      .then(() => this.#tidy())
      .catch((err: unknown) => this.#rooms.logger.error({ err }, 'retention failed'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#work;
  }

  async #tidy(): Promise<void> {
    const { store, runner, logger, config, attachments } = this.#rooms;
    // biome-ignore lint/plugin: days, counted from stored instants
    const now = Date.now();
    const here = await runner.snapshots.workspaces();
    const ended = await sessionStore.endedAmong(
      store.db,
      here.map(({ sessionId }) => sessionId),
    );
    ended.sort((a, b) => (a.endedAt < b.endedAt ? 1 : -1));
    const madeAt = new Map(here.map(({ sessionId, madeAt }) => [sessionId, Date.parse(madeAt)]));
    const due = ended.filter(
      ({ id, endedAt }, index) =>
        (index >= config.endedWorkspaces || now - Date.parse(endedAt) > config.endedWorkspaceDays * dayMs) &&
        now - (madeAt.get(id) ?? now) > lookedAtMs,
    );
    for (const { id } of due) if (!this.#stopped) await this.#keepSnapshotOnly(id);

    const withFiles = new Set([...(await runner.snapshots.sessions()), ...(await attachments.sessions())]);
    const stored = await sessionStore.endedAmong(store.db, [...withFiles]);
    const old = stored.filter(({ endedAt }) => now - Date.parse(endedAt) > config.endedSnapshotDays * dayMs);
    for (const { id } of old) {
      if (this.#stopped) return;
      await runner.remove(id);
      await runner.snapshots.remove(id);
      await attachments.forget(id);
      await store.write((tx) => egressStore.forget(tx, id));
      logger.info({ sessionId: id }, 'removed the files of a session that ended long ago');
    }
  }

  /** Nothing is removed of which there is no other copy. */
  async #keepSnapshotOnly(sessionId: string): Promise<void> {
    const { runner, keeper, logger } = this.#rooms;
    const missed = await keeper.takeAll([sessionId]);
    if (missed.length > 0 || (await runner.snapshots.list(sessionId)).length === 0) return;
    await runner.remove(sessionId);
    logger.info({ sessionId }, 'keeps a session that has ended as its snapshot only');
  }
}
