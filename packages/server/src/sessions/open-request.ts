/** What a session's sandbox is opened with: the agent's folder, the session's settings, the turn's options, the model's keys. */
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { SessionConfig } from '@ash-ai/shared/contract';
import type { AgentFolders } from '../agents/folders.ts';
import type { Config } from '../config.ts';
import * as agentStore from '../store/agents.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { LaneRooms } from '../turns/lane.ts';
import type { SessionSettings } from './sessions.ts';

export function opener(rooms: {
  store: Store;
  folders: AgentFolders;
  config: Pick<Config, 'model' | 'modelRetries' | 'permissionMode'>;
}): LaneRooms['openRequest'] {
  const { store, folders, config } = rooms;
  return async (session: SessionRow, options: TurnOptions) => {
    const version = await agentStore.getVersion(store.db, session.agentVersionId);
    if (version === undefined) throw new Error(`session ${session.id} has no agent version ${session.agentVersionId}`);
    const settings = session.settings as SessionSettings;
    const { subagents, initialAgent, ...tools } = (session.config ?? {}) as SessionConfig;
    return {
      sessionId: session.id,
      workspace: {
        agentDir: folders.path(session.tenantId, version.hash),
        ...(settings.systemPrompt === undefined ? {} : { instructions: settings.systemPrompt }),
      },
      conversationKnown: session.runtimeStarted,
      upstream: config.model,
      runtime: {
        ...defined({ ...tools, agents: subagents, agent: initialAgent, model: session.model ?? undefined, ...options }),
        sessionId: session.id,
        permissionMode: settings.permissionMode ?? config.permissionMode ?? 'bypassPermissions',
        env: { CLAUDE_CODE_MAX_RETRIES: String(config.modelRetries) },
      },
    };
  };
}

function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]: Exclude<T[K], undefined> };
}
