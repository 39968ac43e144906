/**
 * A runner whose sessions find their files again: where a workspace is missing or broken it is put back from its newest
 * whole snapshot, the log says so, and the call goes on. Where it can't be, the call fails; nothing begins from nothing.
 */
import type { Runner, Workspaces } from '@ash-ai/sandbox';
import { isAshError } from '@ash-ai/shared';
import type { Logger } from 'pino';
import { type Log, toItem } from '../log/log.ts';
import * as logStore from '../store/log.ts';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import type { SnapshotKeeper } from './keeper.ts';
import type { SourceOf } from './source.ts';

export interface RestoringRooms {
  store: Store;
  log: Log;
  logger: Logger;
  sourceOf: SourceOf;
  keeper: Pick<SnapshotKeeper, 'busy' | 'changed' | 'cut'>;
}

export function restoring(runner: Runner, rooms: RestoringRooms): Runner {
  const again = async <T>(sessionId: string, work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (!isAshError(cause) || cause.code !== 'workspace_lost') throw cause;
      await restore(runner, rooms, sessionId);
      return await work();
    }
  };
  const { keeper } = rooms;
  return {
    enforced: runner.enforced,
    enforcedBy: (isolation) => runner.enforcedBy(isolation),
    spare: (request) => runner.spare(request),
    snapshots: runner.snapshots,
    workspaces: restoringWorkspaces(runner.workspaces, again, keeper),
    open: (request) => {
      keeper.busy(request.sessionId);
      return again(request.sessionId, () => runner.open(request));
    },
    attach: (request, options) => runner.attach(request, options),
    fork: (request) => again(request.from, () => runner.fork(request)),
    kill: (sessionId) => runner.kill(sessionId),
    remove: (sessionId) => runner.remove(sessionId),
    sweep: (known) => runner.sweep(known),
    leftOff: (request) => again(request.sessionId, () => runner.leftOff(request)),
    memoryOf: (sessionId) => runner.memoryOf(sessionId),
    list: () => runner.list(),
  };
}

function restoringWorkspaces(
  workspaces: Workspaces,
  again: <T>(sessionId: string, work: () => Promise<T>) => Promise<T>,
  keeper: RestoringRooms['keeper'],
): Workspaces {
  const changing = async <T>(sessionId: string, work: () => Promise<T>): Promise<T> => {
    keeper.cut(sessionId);
    const done = await again(sessionId, work);
    keeper.changed(sessionId);
    return done;
  };
  return {
    list: (of, options) => again(of.sessionId, () => workspaces.list(of, options)),
    read: (of, path, maxBytes) => again(of.sessionId, () => workspaces.read(of, path, maxBytes)),
    pack: (of) => again(of.sessionId, () => workspaces.pack(of)),
    write: (of, target, files) => changing(of.sessionId, () => workspaces.write(of, target, files)),
    delete: (of, path) => changing(of.sessionId, () => workspaces.delete(of, path)),
    unpack: (of, bundle) => changing(of.sessionId, () => workspaces.unpack(of, bundle)),
    exec: (of, request, signal) => changing(of.sessionId, () => workspaces.exec(of, request, signal)),
  };
}

async function restore(runner: Runner, rooms: RestoringRooms, sessionId: string): Promise<void> {
  const { store, log, logger, sourceOf } = rooms;
  const row = await sessionStore.getById(store.db, sessionId);
  if (row === undefined) return;
  const back = await runner.snapshots.restore(sessionId, await sourceOf(row));
  // Somebody else was first.
  if (back === undefined) return;
  const { snapshot, damaged, reason } = back;
  logger.warn({ sessionId, snapshot: snapshot.n, damaged, reason }, 'put a workspace back from a snapshot');
  const createdAt = new Date().toISOString();
  const data = {
    ...{
      action: 'resumed',
      path: 'cold',
      source: 'snapshot',
      snapshotSeq: snapshot.seq,
      snapshotAt: snapshot.at,
      reason,
    },
    ...(damaged.length === 0 ? {} : { damagedSnapshots: damaged.length }),
  };
  const dataText = JSON.stringify(data);
  const entry = { type: 'session', turnId: null, dataText, createdAt };
  const appended = await store.write((tx) => logStore.append(tx, { sessionId, entries: [entry] }));
  if (typeof appended === 'string') throw new Error(`an entry without a lease was refused: ${appended}`);
  log.publish(sessionId, [toItem({ sessionId, seq: appended.lastSeq, ...entry })]);
}
