/** What sessions have in common that could take the same spare: everything that a runtime is started with. Pure. */
import { createHash } from 'node:crypto';
import type { SessionSettings } from '../sessions/options.ts';
import type { NewSession, SessionRow } from '../store/sessions.ts';

/** A session as it would be made, but for its id. */
export type Shape = Pick<NewSession, 'tenantId' | 'agentId' | 'agentName' | 'agentVersionId'> & {
  model: string | null;
  config: unknown;
  settings: SessionSettings;
  /** What its caller gave in confidence. */
  sealed: string | null;
};

/**
 * Names a shape; undefined when no runtime may be started for it ahead of its session: one with secrets of its caller, or
 * with a credential, whose variables would be those of another moment.
 */
export function keyOf({ tenantId, agentVersionId, model, config, settings, sealed }: Shape): string | undefined {
  if (sealed !== null || settings.credentialId !== undefined || settings.fork !== undefined) return undefined;
  const text = JSON.stringify([tenantId, agentVersionId, model, config, settings]);
  return createHash('sha256').update(text).digest('hex');
}

/** The row that a session of this shape would begin with. */
export function rowOf(shape: Shape, id: string): SessionRow {
  const createdAt = new Date().toISOString();
  return {
    ...{ runnerId: null, parentSessionId: null, ...shape, id, sandboxId: id, status: 'active', createdAt },
    ...{ lastActiveAt: createdAt, endedAt: null, lastSeq: 0, leaseEpoch: 0, leaseHolder: null, frameLife: null },
    ...{ frameN: 0, turnCount: 0, runtimeStarted: false, costTotal: 0, costTokens: 0 },
  };
}
