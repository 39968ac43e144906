/** What a session that is asked for would be: its agent's newest version, and what it and the request say together. */
import { errors, isAshError } from '@ash-ai/shared';
import type { Contract, Enforced, IsolationName, Parsed, SandboxLimits } from '@ash-ai/shared/contract';
import type { AgentFolders } from '../agents/folders.ts';
import { applyCredential } from '../credentials/apply.ts';
import type { Credentials } from '../credentials/credentials.ts';
import type { Seal } from '../credentials/seal.ts';
import { agentEgress, type EgressSettings } from '../egress/agent-egress.ts';
import type { Terms } from '../egress/terms.ts';
import type { Shape } from '../spares/shape.ts';
import * as agentStore from '../store/agents.ts';
import type { Store } from '../store/open.ts';
import { configOf } from './config.ts';
import { isolationOf } from './isolation.ts';
import { agentLimits, type LimitPolicy, limitsUnder } from './limits.ts';
import { type SessionSettings, secretsOf, splitEnv } from './options.ts';

export type CreateRequest = Parsed<Contract['createSession']>['body'];

/** What the API tells of the walls around every session. */
export interface Walls {
  policy: LimitPolicy;
  /** What holds sandboxes of an isolation. */
  enforcedBy(isolation: string): Enforced;
  /** That sessions get, and those that agents may ask for. */
  isolations: readonly [IsolationName, ...IsolationName[]];
}

interface ShapeRooms {
  store: Store;
  folders: AgentFolders;
  walls: Walls;
  credentials: Pick<Credentials, 'resolve'>;
  /** Seals what callers give in confidence. */
  secrets: Pick<Seal, 'sealText'>;
  terms: Pick<Terms, 'filled'>;
}

/**
 * Gives the shape of a session and the limits that its sandbox gets. Everything that it needs is there, as far as can be seen.
 * @throws agent_not_found, agent_directory_missing, session_config_invalid, credential_invalid
 */
export type ShapeOf = (tenantId: string, request: CreateRequest) => Promise<{ shape: Shape; limits: SandboxLimits }>;

export function shaper({ store, folders, walls, credentials, secrets, terms }: ShapeRooms): ShapeOf {
  /** What a session may reach and spend: its own list counts, else its agent's; of ceilings both. */
  async function egressOf(tenantId: string, request: CreateRequest, agentDir: string): Promise<EgressSettings> {
    const agents = await agentEgress(agentDir);
    const egress = request.egress ?? agents.egress;
    const modelLimits = { ...agents.modelLimits, ...request.modelLimits };
    await terms.filled(tenantId, egress?.allow ?? []);
    return {
      ...(egress === undefined ? {} : { egress }),
      ...(Object.keys(modelLimits).length === 0 ? {} : { modelLimits }),
    };
  }

  /** Whether a credential can be used, before the session is made. */
  async function checkCredential(tenantId: string, credentialId: string | undefined): Promise<void> {
    if (credentialId === undefined) return;
    try {
      applyCredential(credentialId, await credentials.resolve(tenantId, credentialId));
    } catch (cause) {
      if (!isAshError(cause) || cause.code !== 'credential_not_found') throw cause;
      throw errors.credential_invalid({ credentialId, reason: 'it does not exist, or is not active' }, { cause });
    }
  }

  return async (tenantId, request) => {
    const agent = await agentStore.get(store.db, tenantId, request.agent);
    if (agent === undefined) throw errors.agent_not_found({ agent: request.agent });
    const version = await agentStore.getVersion(store.db, agent.versionId);
    if (version === undefined) throw new Error(`agent ${agent.id} has no version ${agent.versionId}`);
    await folders.need(tenantId, agent.name, version.hash);
    const agentDir = folders.path(tenantId, version.hash);
    const asked = await agentLimits(agentDir);
    const egress = await egressOf(tenantId, request, agentDir);
    await checkCredential(tenantId, request.credentialId);
    splitEnv(request.extraEnv);
    const confided = secretsOf(request);
    const sealed = confided === undefined ? null : await secrets.sealText(JSON.stringify(confided));
    const settings: SessionSettings = {
      agentVersion: version.number,
      isolation: await isolationOf(agentDir, walls.isolations),
      systemPrompt: request.systemPrompt,
      permissionMode: request.permissionMode,
      credentialId: request.credentialId,
      limits: { ...asked, ...request.limits },
      ...egress,
    };
    const shape = {
      ...{ tenantId, agentId: agent.id, agentName: agent.name, agentVersionId: version.id, sealed },
      ...{ model: request.model ?? null, config: configOf(request), settings },
    };
    return { shape, limits: limitsUnder(walls.policy, settings.limits ?? {}) };
  };
}
