/** Agents: deployed folders under a name, one immutable version per deployment. */
import { realpath, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative, resolve } from 'node:path';
import { errors, instructionsFile, isAgentName, newId } from '@ash-ai/shared';
import type { Agent, AgentVersion, Contract, Parsed } from '@ash-ai/shared/contract';
import type { AgentsRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import * as agentStore from '../store/agents.ts';
import type { Store } from '../store/open.ts';
import type { AgentFolders, Staged } from './folders.ts';

type Deployment = Parsed<Contract['deployAgent']>['body'];

export interface AgentsOptions {
  store: Store;
  folders: AgentFolders;
  dataDir: string;
  /** Tenants that may deploy folders of the server by path. */
  pathTenants: ReadonlySet<string>;
  /** Ends the sessions of an agent that is deleted. */
  endSessions(tenantId: string, agent: string): Promise<void>;
  /** An agent has another newest version, or none any more. */
  changed(tenantId: string, agent: string): void;
}

export class Agents implements AgentsRoom {
  readonly #options: AgentsOptions;

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  async deploy(tenantId: string, deployment: Deployment, idempotencyKey?: string): Promise<Agent> {
    const { folders, store } = this.#options;
    const { name } = deployment;
    if (!isAgentName(name)) throw errors.agent_name_invalid({ name });
    const staged = await folders.stage();
    try {
      if (deployment.path === undefined) await this.#fillFromUpload(tenantId, deployment, staged);
      else await this.#fillFromPath(tenantId, deployment.path, staged);
      const { hash, sizeBytes, fileCount } = await folders.store(tenantId, staged);
      const at = new Date().toISOString();
      const versionId = newId();
      const claim = { tenantId, key: idempotencyKey, request: { deploy: name, hash }, resourceId: versionId, at };
      const deployed = await store.write(async (tx) => {
        const earlier = await claimOnce(tx, claim);
        if (earlier !== undefined) return earlier;
        const folder = { hash, sizeBytes, fileCount };
        return await agentStore.deploy(tx, { tenantId, name, newAgentId: newId(), versionId, ...folder, at });
      });
      this.#options.changed(tenantId, name);
      if (typeof deployed === 'string') return await this.#asDeployed(tenantId, name, deployed);
      return this.#toAgent(deployed.agent, deployed.version);
    } finally {
      await folders.discard(staged);
    }
  }

  async list(tenantId: string): Promise<Agent[]> {
    const rows = await agentStore.list(this.#options.store.db, tenantId, { limit: Number.MAX_SAFE_INTEGER });
    return await Promise.all(rows.map((row) => this.#withVersion(row)));
  }

  async get(tenantId: string, name: string): Promise<Agent> {
    return await this.#withVersion(await this.#need(tenantId, name));
  }

  async delete(tenantId: string, name: string): Promise<void> {
    const removed = await this.#options.store.write((tx) => agentStore.remove(tx, tenantId, name));
    if (removed === undefined) throw errors.agent_not_found({ agent: name });
    this.#options.changed(tenantId, name);
    await this.#options.endSessions(tenantId, name);
  }

  async listVersions(
    tenantId: string,
    name: string,
    page: { limit: number; before?: number | undefined },
  ): Promise<AgentVersion[]> {
    const agent = await this.#need(tenantId, name);
    const rows = await agentStore.listVersions(this.#options.store.db, agent.id, page);
    return rows.map((row) => toVersion(row, agent));
  }

  async getVersion(tenantId: string, name: string, version: string): Promise<AgentVersion> {
    const agent = await this.#need(tenantId, name);
    return toVersion(await this.#needVersion(agent, version), agent);
  }

  /** Sessions made from now on get this version; its folder has to be there still. Returns its number. */
  async activateVersion(tenantId: string, name: string, version: string): Promise<number> {
    const { store, folders } = this.#options;
    const row = await this.#needVersion(await this.#need(tenantId, name), version);
    await folders.need(tenantId, name, row.hash);
    const at = new Date().toISOString();
    const done = await store.write((tx) => agentStore.activate(tx, { version: row, at }));
    if (!done) throw errors.agent_not_found({ agent: name });
    return row.number;
  }

  async #need(tenantId: string, name: string): Promise<agentStore.AgentRow> {
    const row = await agentStore.get(this.#options.store.db, tenantId, name);
    if (row === undefined) throw errors.agent_not_found({ agent: name });
    return row;
  }

  async #needVersion(agent: agentStore.AgentRow, version: string): Promise<agentStore.AgentVersionRow> {
    const { db } = this.#options.store;
    const row = /^\d{1,15}$/.test(version)
      ? await agentStore.getVersionByNumber(db, agent.id, Number(version))
      : await agentStore.getVersion(db, version.toLowerCase());
    if (row === undefined || row.agentId !== agent.id)
      throw errors.agent_version_not_found({ agent: agent.name, version });
    return row;
  }

  async #fillFromPath(tenantId: string, path: string, staged: Staged): Promise<void> {
    const { dataDir, folders, pathTenants } = this.#options;
    if (!pathTenants.has(tenantId)) throw errors.agent_path_forbidden({ path });
    const given = resolve(dataDir, path);
    // As it is without links, such as /proc/self/root: what is checked is what is copied.
    const [home, source] = await Promise.all([realpath(dataDir), realpath(given).catch(() => undefined)]);
    // Everything else in the data directory belongs to the server: other tenants' agents, workspaces, the database.
    const isServers = (folder: string): boolean =>
      isWithin(folder, home) || (isWithin(home, folder) && !isWithin(join(home, 'agents'), folder));
    if (isServers(source ?? given) || isServers(given)) throw errors.agent_path_forbidden({ path });
    const found = source === undefined ? undefined : await stat(source);
    if (source === undefined || !found?.isDirectory()) throw errors.agent_path_not_found({ path: given });
    const instructions = await stat(join(source, instructionsFile)).catch(() => undefined);
    if (!instructions?.isFile()) throw errors.agent_instructions_missing({ path: source });
    await folders.copyIn(source, staged);
  }

  async #fillFromUpload(tenantId: string, deployment: Deployment, staged: Staged): Promise<void> {
    const { folders, store } = this.#options;
    const { name, files = [], replace, systemPrompt } = deployment;
    const existing = await agentStore.get(store.db, tenantId, name);
    const before = existing && (await agentStore.getVersion(store.db, existing.versionId));
    if (before !== undefined && !replace) await folders.copyIn(await folders.need(tenantId, name, before.hash), staged);
    for (const { path, content, executable } of files) {
      await folders.writeIn(staged, path, decodeBase64(path, content), executable);
    }
    const uploaded = files.some(({ path }) => path === instructionsFile);
    const target = join(staged.dir, instructionsFile);
    if (systemPrompt !== undefined && !uploaded) await writeFile(target, systemPrompt);
    else if ((await stat(target).catch(() => undefined)) === undefined) {
      if (replace) throw errors.agent_instructions_missing({ path: 'the uploaded files' });
      await writeFile(target, `# ${name}\n`);
    }
  }

  /** An agent as it was right after one of its versions was deployed. */
  async #asDeployed(tenantId: string, name: string, versionId: string): Promise<Agent> {
    const { db } = this.#options.store;
    const [row, version] = [await agentStore.get(db, tenantId, name), await agentStore.getVersion(db, versionId)];
    if (row === undefined || version === undefined) throw errors.agent_not_found({ agent: name });
    return this.#toAgent({ ...row, version: version.number, updatedAt: version.createdAt }, version);
  }

  async #withVersion(row: agentStore.AgentRow): Promise<Agent> {
    const version = await agentStore.getVersion(this.#options.store.db, row.versionId);
    if (version === undefined) throw new Error(`agent ${row.id} has no version ${row.versionId}`);
    return this.#toAgent(row, version);
  }

  #toAgent(row: agentStore.AgentRow, { hash }: agentStore.AgentVersionRow): Agent {
    const { id, name, tenantId, version, createdAt, updatedAt } = row;
    const path = this.#options.folders.path(tenantId, hash);
    return { id, name, tenantId, version, hash, path, createdAt, updatedAt };
  }
}

function toVersion(row: agentStore.AgentVersionRow, agent: agentStore.AgentRow): AgentVersion {
  const { id, tenantId, agentName, number, hash, sizeBytes, fileCount, createdAt } = row;
  const isActive = id === agent.versionId;
  const stored = { hash, sizeBytes, fileCount, createdAt, updatedAt: createdAt };
  return { id, tenantId, agentName, versionNumber: number, name: `v${number}`, isActive, ...stored };
}

function decodeBase64(path: string, text: string): Buffer {
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text))
    throw errors.agent_file_invalid({ path, reason: 'its content is not base64' });
  return Buffer.from(text, 'base64');
}

/** Whether `path` is `folder` or something in it. */
function isWithin(folder: string, path: string): boolean {
  const within = relative(folder, path);
  return within === '' || !(within === '..' || within.startsWith('../') || isAbsolute(within));
}
