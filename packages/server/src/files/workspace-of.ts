/** Finds the workspace of a tenant's session for whoever works with its files. */
import { hasSetUp, type WorkspaceOf } from '@ash-ai/sandbox';
import { errors, isAshError } from '@ash-ai/shared';
import { mayReach } from '@ash-ai/shared/bridge-wire';
import type { Store } from '../store/open.ts';
import * as sessionStore from '../store/sessions.ts';
import type { Executor } from '../turns/executor.ts';
import type { LaneRooms } from '../turns/lane.ts';

export interface WorkspaceRooms {
  store: Store;
  openRequest: LaneRooms['openRequest'];
  executor: Pick<Executor, 'wake'>;
}

/** The session of a tenant. @throws session_not_found */
export async function sessionOf(
  { store }: Pick<WorkspaceRooms, 'store'>,
  tenantId: string,
  sessionId: string,
): Promise<sessionStore.SessionRow> {
  const session = await sessionStore.get(store.db, tenantId, sessionId);
  if (session === undefined) throw errors.session_not_found({ sessionId });
  return session;
}

/**
 * Runs `work` on the session's workspace. One that was never made is made first, unless the session has ended.
 * @throws session_not_found, workspace_not_found, setup_failed; session_not_active when it would have to be woken
 */
export async function withWorkspace<T>(
  rooms: WorkspaceRooms,
  tenantId: string,
  sessionId: string,
  work: (of: WorkspaceOf) => Promise<T>,
): Promise<T> {
  const session = await sessionOf(rooms, tenantId, sessionId);
  try {
    return await work({ sessionId });
  } catch (cause) {
    // Whoever has had a turn has had files: they are gone, and new ones would not be theirs.
    if (!isMissing(cause) || session.status === 'ended' || session.runtimeStarted) throw cause;
  }
  const { workspace: source, egress } = await rooms.openRequest(session, {});
  return await orNoWorkspace(sessionId, async () => {
    // Scripts reach what the session reaches by its bridge, which has the keys.
    if (!mayReach(egress) || !(await hasSetUp(source.agentDir))) return await work({ sessionId, source });
    if (session.status !== 'active') throw errors.session_not_active({ status: session.status });
    await rooms.executor.wake(sessionId);
    return await work({ sessionId });
  });
}

/** Work that may have to make the workspace first, which needs the agent's folder. @throws workspace_not_found */
export async function orNoWorkspace<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (!isAshError(cause) || cause.code !== 'agent_directory_missing') throw cause;
    throw errors.workspace_not_found({ sessionId }, { cause });
  }
}

function isMissing(cause: unknown): boolean {
  return isAshError(cause) && cause.code === 'workspace_not_found';
}
