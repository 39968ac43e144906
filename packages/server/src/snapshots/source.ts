/** What a session's workspace is made from, without what it is opened with. */
import type { WorkspaceSource } from '@ash-ai/sandbox';
import type { AgentFolders } from '../agents/folders.ts';
import { type LimitPolicy, limitsUnder } from '../sessions/limits.ts';
import type { SessionSettings } from '../sessions/options.ts';
import * as agentStore from '../store/agents.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/sessions.ts';

export type SourceOf = (session: SessionRow) => Promise<WorkspaceSource>;

export function sourceOf(rooms: { store: Store; folders: AgentFolders; limits: LimitPolicy }): SourceOf {
  return async (session) => {
    const version = await agentStore.getVersion(rooms.store.db, session.agentVersionId);
    if (version === undefined) throw new Error(`session ${session.id} has no agent version ${session.agentVersionId}`);
    const { diskMb, inodes } = limitsUnder(rooms.limits, (session.settings as SessionSettings).limits ?? {});
    return { agentDir: rooms.folders.path(session.tenantId, version.hash), disk: { diskMb, inodes } };
  };
}
