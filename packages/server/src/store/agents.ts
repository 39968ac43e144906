/** Agents and their immutable versions. */
import type { Selectable } from 'kysely';
import { PAGE_LIMIT, type Page, type Reader, type Writer } from './row.ts';
import type { Tables } from './tables.ts';

export type AgentRow = Selectable<Tables['agents']>;
export type AgentVersionRow = Selectable<Tables['agentVersions']>;

export interface Deployment {
  readonly tenantId: string;
  readonly name: string;
  /** Id of the agent, used when the name is new; a redeployed agent keeps its own. */
  readonly newAgentId: string;
  readonly versionId: string;
  /** Content address of the stored folder. */
  readonly hash: string;
  readonly sizeBytes: number;
  readonly fileCount: number;
  readonly at: string;
}

/** Deploys: a new agent with version 1, or the next version of the agent of that name. */
export async function deploy(tx: Writer, d: Deployment): Promise<{ agent: AgentRow; version: AgentVersionRow }> {
  const { tenantId, name, versionId, hash, sizeBytes, fileCount, at } = d;
  const agent = await tx
    .insertInto('agents')
    .values({ id: d.newAgentId, tenantId, name, version: 1, versionId, latestVersion: 1, createdAt: at, updatedAt: at })
    .onConflict((conflict) =>
      conflict.columns(['tenantId', 'name']).doUpdateSet((eb) => ({
        version: eb('agents.latestVersion', '+', 1),
        latestVersion: eb('agents.latestVersion', '+', 1),
        versionId,
        updatedAt: at,
      })),
    )
    .returningAll()
    .executeTakeFirstOrThrow();
  const version: AgentVersionRow = {
    id: versionId,
    tenantId,
    agentId: agent.id,
    agentName: name,
    number: agent.version,
    hash,
    sizeBytes,
    fileCount,
    createdAt: at,
  };
  await tx.insertInto('agentVersions').values(version).execute();
  return { agent, version };
}

/** An agent by its name in a tenant. */
export async function get(db: Reader, tenantId: string, name: string): Promise<AgentRow | undefined> {
  const query = db.selectFrom('agents').selectAll().where('tenantId', '=', tenantId).where('name', '=', name);
  return await query.executeTakeFirst();
}

/** A page of a tenant's agents by name, byte by byte. Without a limit: all of them. */
export async function list(db: Reader, tenantId: string, page?: Page): Promise<AgentRow[]> {
  const query = db.selectFrom('agents').selectAll().where('tenantId', '=', tenantId).orderBy('name');
  if (page === undefined) return await query.execute();
  return await query
    .limit(page.limit ?? PAGE_LIMIT)
    .offset(page.offset ?? 0)
    .execute();
}

/** Deletes an agent; its versions stay for the sessions that use them. Returns what was deleted. */
export async function remove(tx: Writer, tenantId: string, name: string): Promise<AgentRow | undefined> {
  return await tx
    .deleteFrom('agents')
    .where('tenantId', '=', tenantId)
    .where('name', '=', name)
    .returningAll()
    .executeTakeFirst();
}

/** A version by its id, of whatever tenant. */
export async function getVersion(db: Reader, id: string): Promise<AgentVersionRow | undefined> {
  return await db.selectFrom('agentVersions').selectAll().where('id', '=', id).executeTakeFirst();
}

/** A version of an agent by its number. */
export async function getVersionByNumber(
  db: Reader,
  agentId: string,
  number: number,
): Promise<AgentVersionRow | undefined> {
  const query = db.selectFrom('agentVersions').selectAll().where('agentId', '=', agentId).where('number', '=', number);
  return await query.executeTakeFirst();
}

/** An agent's versions, highest number first: at most `limit` of those below the number `before`. */
export async function listVersions(
  db: Reader,
  agentId: string,
  { limit, before }: { limit: number; before?: number | undefined },
): Promise<AgentVersionRow[]> {
  let query = db.selectFrom('agentVersions').selectAll().where('agentId', '=', agentId);
  if (before !== undefined) query = query.where('number', '<', before);
  return await query.orderBy('number', 'desc').limit(limit).execute();
}

/** Makes a version the one that new sessions get; false when its agent is gone. */
export async function activate(
  tx: Writer,
  { version, at }: { version: AgentVersionRow; at: string },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('agents')
    .set({ version: version.number, versionId: version.id, updatedAt: at })
    .where('id', '=', version.agentId)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** True when some version, of whatever tenant, has this content: its stored folder is still needed. */
export async function isHashUsed(db: Reader, hash: string): Promise<boolean> {
  const row = await db.selectFrom('agentVersions').select('id').where('hash', '=', hash).limit(1).executeTakeFirst();
  return row !== undefined;
}
