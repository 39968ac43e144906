/** The files of an agent's active version, as they were deployed. */
import { createHash } from 'node:crypto';
import { type Bytes, Folder, listFiles, readFile } from '@ash-ai/sandbox';
import { errors, isSkipped } from '@ash-ai/shared';
import type { AgentFolders } from '../agents/folders.ts';
import type { AgentFilesRoom } from '../http/rooms.ts';
import * as agentStore from '../store/agents.ts';
import type { Store } from '../store/open.ts';

/** Reads the stored folders of agents. @throws agent_not_found, agent_files_not_found and those of the files */
export function agentFiles({ store, folders }: { store: Store; folders: AgentFolders }): AgentFilesRoom {
  async function opened(tenantId: string, name: string): Promise<Folder> {
    const agent = await agentStore.get(store.db, tenantId, name);
    const version = agent && (await agentStore.getVersion(store.db, agent.versionId));
    if (version === undefined) throw errors.agent_not_found({ agent: name });
    return await Folder.open(folders.path(tenantId, version.hash)).catch((cause: unknown) => {
      throw errors.agent_files_not_found({ agent: name }, { cause });
    });
  }

  return {
    async list(tenantId, name, { hashes }) {
      await using root = await opened(tenantId, name);
      const { files, truncated } = await listFiles(root, isSkipped);
      if (hashes) for (const file of files) Object.assign(file, { sha256: await hashOf(root, file.path) });
      return truncated ? { files, truncated } : { files };
    },

    async read(tenantId, name, path, maxBytes): Promise<Bytes> {
      await using root = await opened(tenantId, name);
      return await readFile(root, path, maxBytes);
    },
  };
}

/** One after the other and in pieces, so that a large folder costs neither memory nor all file handles. */
async function hashOf(root: Folder, path: string): Promise<string> {
  const hash = createHash('sha256');
  const { content } = await readFile(root, path, Number.MAX_SAFE_INTEGER);
  for await (const chunk of content) hash.update(chunk);
  return hash.digest('hex');
}
