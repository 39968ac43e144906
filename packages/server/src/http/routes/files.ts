/** Files of agents and of sessions' workspaces: list, read, write, delete, and all of them as a bundle. */
import { allOf, type Bytes } from '@ash-ai/sandbox';
import { type Contract, fileLimits } from '@ash-ai/shared/contract';
import { FileReply } from '../bytes.ts';
import type { HandlersOf } from '../call.ts';
import { agentMediaTypeOf, mediaTypeOf } from '../media-types.ts';
import type { Rooms } from '../rooms.ts';

type FileRoutes = Pick<
  Contract,
  | 'listAgentFiles'
  | 'getAgentFile'
  | 'listSessionFiles'
  | 'getSessionFile'
  | 'writeSessionFiles'
  | 'deleteSessionFile'
  | 'downloadWorkspace'
  | 'uploadWorkspace'
>;

/** The handlers of the file routes. */
export function fileHandlers({ agentFiles, sessionFiles }: Rooms): HandlersOf<FileRoutes> {
  return {
    listAgentFiles: ({ tenantId, params, query }) => agentFiles.list(tenantId, params.name, query),

    getAgentFile: async ({ tenantId, params, query }) => {
      const { name, path } = params;
      const file = await agentFiles.read(tenantId, name, path, limitOf(query.format));
      if (query.format === 'json') return { path, content: await textOf(file), size: file.size };
      return new FileReply(file, { mediaType: agentMediaTypeOf(path), name: lastPart(path) });
    },

    listSessionFiles: ({ tenantId, params, query }) => sessionFiles.list(tenantId, params.id, query),

    getSessionFile: async ({ tenantId, params, query }) => {
      const { id, path } = params;
      const file = await sessionFiles.read(tenantId, id, path, limitOf(query.format));
      if (query.format === 'json') return { path, content: await textOf(file), size: file.size, source: file.from };
      const more = { 'x-ash-source': file.from };
      return new FileReply(file, { mediaType: mediaTypeOf(path), name: lastPart(path), more });
    },

    writeSessionFiles: async ({ tenantId, params, body }) => ({
      files: await sessionFiles.write(tenantId, params.id, body),
    }),

    deleteSessionFile: async ({ tenantId, params }) => {
      await sessionFiles.delete(tenantId, params.id, params.path);
      return { path: params.path, deleted: true };
    },

    downloadWorkspace: async ({ tenantId, params }) => {
      const name = `${params.id}.tar.gz`;
      const more = { 'content-disposition': `attachment; filename="${name}"` };
      const bundle = await sessionFiles.download(tenantId, params.id);
      return new FileReply(bundle, { mediaType: 'application/gzip', name, more });
    },

    uploadWorkspace: async ({ tenantId, params, body }) => {
      const { from } = await sessionFiles.upload(tenantId, params.id, body.bundle);
      const message = from === 'sandbox' ? 'Workspace restored to live sandbox' : 'Workspace saved as snapshot';
      return { message };
    },
  };
}

function limitOf(format: 'json' | 'raw'): number {
  return format === 'json' ? fileLimits.jsonBytes : fileLimits.rawBytes;
}

async function textOf(file: Bytes): Promise<string> {
  return (await allOf(file)).toString('utf8');
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
