/** The files of sessions' workspaces, awake or asleep (spec/http-api.md §6, §7). */
import type { Workspaces, WriteResult } from '@ash-ai/sandbox';
import { errors } from '@ash-ai/shared';
import { fileLimits } from '@ash-ai/shared/contract';
import { decodeBase64, decodedLength } from '../base64.ts';
import type { SessionFilesRoom } from '../http/rooms.ts';
import { type WorkspaceRooms, withWorkspace } from './workspace-of.ts';

/** Files by way of the runner that holds them. */
export function sessionFiles(rooms: WorkspaceRooms & { workspaces: Workspaces }): SessionFilesRoom {
  const { workspaces } = rooms;
  return {
    list: (tenantId, sessionId, options) =>
      withWorkspace(rooms, tenantId, sessionId, async (of) => {
        const { files, from, truncated } = await workspaces.list(of, options);
        return { files, source: from, ...(truncated ? { truncated } : {}) };
      }),

    read: (tenantId, sessionId, path, maxBytes) =>
      withWorkspace(rooms, tenantId, sessionId, (of) => workspaces.read(of, path, maxBytes)),

    write: async (tenantId, sessionId, { files, targetPath }) => {
      const batch = decoded(files);
      const given = batch.filter((one) => 'content' in one);
      const written = await withWorkspace(rooms, tenantId, sessionId, (of) => workspaces.write(of, targetPath, given));
      const results = written[Symbol.iterator]();
      return batch.map((one) => ('content' in one ? (results.next().value as WriteResult) : one));
    },

    delete: (tenantId, sessionId, path) =>
      withWorkspace(rooms, tenantId, sessionId, (of) => workspaces.delete(of, path)),

    download: (tenantId, sessionId) => withWorkspace(rooms, tenantId, sessionId, (of) => workspaces.pack(of)),

    upload: async (tenantId, sessionId, text) => {
      const bundle = decodeBase64(text);
      if (bundle === undefined) throw errors.bundle_invalid({ reason: 'it is not base64' });
      if (bundle.length === 0) throw errors.bundle_invalid({ reason: 'it is empty' });
      return await withWorkspace(rooms, tenantId, sessionId, (of) => workspaces.unpack(of, bundle));
    },
  };
}

type Decoded = { path: string; content: Buffer } | (WriteResult & { written: false });

/** The contents of a batch, as far as they are within its bounds. */
function decoded(files: readonly { path: string; content: string }[]): Decoded[] {
  let bytes = 0;
  return files.map(({ path, content: text }) => {
    const refused = (error: string): Decoded => ({ path, written: false, error });
    const length = decodedLength(text);
    if (length > fileLimits.batchFileBytes) return refused(`it is larger than ${fileLimits.batchFileBytes} bytes`);
    if (bytes + length > fileLimits.batchBytes) {
      return refused(`the files before it and it are larger than ${fileLimits.batchBytes} bytes`);
    }
    const content = decodeBase64(text);
    if (content === undefined) return refused('its content is not base64');
    bytes += content.length;
    return { path, content };
  });
}
