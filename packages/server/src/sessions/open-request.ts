/** What a session's sandbox is opened with: the agent's folder, the session's settings, the turn's options, the model's keys. */
import type { TurnOptions } from '@ash-ai/shared/bridge-wire';
import type { SessionConfig } from '@ash-ai/shared/contract';
import type { AgentFolders } from '../agents/folders.ts';
import type { Config } from '../config.ts';
import { type AppliedCredential, applyCredential } from '../credentials/apply.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { Seal } from '../credentials/seal.ts';
import type { Terms } from '../egress/terms.ts';
import * as agentStore from '../store/agents.ts';
import type { Store } from '../store/open.ts';
import type { SessionRow } from '../store/sessions.ts';
import type { LaneRooms } from '../turns/lane.ts';
import { runtimeKeyOf } from '../turns/runtime-key.ts';
import { type LimitPolicy, limitsUnder } from './limits.ts';
import { type SessionSecrets, type SessionSettings, sdkMcpServers, splitEnv } from './options.ts';

interface Rooms {
  store: Store;
  folders: AgentFolders;
  credentials: Pick<Credentials, 'resolve'>;
  /** Opens what callers gave in confidence. */
  secrets: Pick<Seal, 'openText'>;
  config: Pick<Config, 'model' | 'modelRetries' | 'permissionMode'>;
  limits: LimitPolicy;
  terms: Pick<Terms, 'of'>;
}

export function opener(rooms: Rooms): LaneRooms['openRequest'] {
  const { store, folders, config } = rooms;
  return async (session: SessionRow, options: TurnOptions, goOn) => {
    const version = await agentStore.getVersion(store.db, session.agentVersionId);
    if (version === undefined) throw new Error(`session ${session.id} has no agent version ${session.agentVersionId}`);
    const settings = session.settings as SessionSettings;
    const { subagents, initialAgent, ...tools } = (session.config ?? {}) as SessionConfig;
    const { mcpServers, extraEnv }: SessionSecrets =
      session.sealed === null ? {} : JSON.parse(await rooms.secrets.openText(session.sealed));
    const credential = await appliedCredential(rooms, session, settings);
    const { env, modelHeaders } = splitEnv(extraEnv);
    const sandboxEnv = {
      ...credential.env,
      ...env,
      ASH_SESSION_ID: session.id,
      ASH_SANDBOX_ID: session.sandboxId,
      ASH_WORKSPACE_DIR: '/workspace',
    };
    // A live runtime is switched to these; only one that goes on by itself must have them from the start.
    const { model: turnModel, effort, ...others } = options;
    const launch = goOn === undefined ? others : { ...others, goOn, effort };
    const model = (goOn === undefined ? undefined : turnModel) ?? session.model ?? undefined;
    const limits = limitsUnder(rooms.limits, settings.limits ?? {});
    return {
      sessionId: session.id,
      tenantId: session.tenantId,
      workspace: {
        agentDir: folders.path(session.tenantId, version.hash),
        ...(settings.systemPrompt === undefined ? {} : { instructions: settings.systemPrompt }),
        env: sandboxEnv,
        disk: { diskMb: limits.diskMb, inodes: limits.inodes },
        isolation: settings.isolation,
      },
      limits,
      isolation: settings.isolation,
      conversationKnown: session.runtimeStarted,
      upstream: upstreamWith(config.model, { ...credential.modelHeaders, ...modelHeaders }),
      egress: await rooms.terms.of(session, settings),
      runtimeKey: runtimeKeyOf(session, options, goOn?.turnId),
      runtime: {
        ...defined({
          ...tools,
          agents: subagents,
          agent: initialAgent,
          mcpServers: sdkMcpServers(mcpServers),
          forkOf: settings.fork?.conversation,
          ...launch,
          model,
        }),
        sessionId: session.id,
        permissionMode: settings.permissionMode ?? config.permissionMode ?? 'bypassPermissions',
        env: { ...sandboxEnv, CLAUDE_CODE_MAX_RETRIES: String(config.modelRetries) },
      },
    };
  };
}

async function appliedCredential(
  { credentials }: Rooms,
  { tenantId }: SessionRow,
  { credentialId }: SessionSettings,
): Promise<AppliedCredential> {
  if (credentialId === undefined) return { env: {}, modelHeaders: undefined };
  return applyCredential(credentialId, await credentials.resolve(tenantId, credentialId));
}

/** A session's own key takes the place of the server's, whichever header that is in. */
function upstreamWith(upstream: Config['model'], own: Record<string, string>): Config['model'] {
  if (Object.keys(own).length === 0) return upstream;
  const { 'x-api-key': _key, authorization: _token, ...headers } = upstream.headers;
  return { ...upstream, headers: { ...headers, ...own } };
}

function defined<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const set = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as { [K in keyof T]: Exclude<T[K], undefined> };
}
