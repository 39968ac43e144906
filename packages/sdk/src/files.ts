/** Files of agents and of sessions' workspaces. */
import { bytesOf, toBase64 } from './bytes.ts';
import type { CallOptions, Requests } from './request.ts';
import type {
  DownloadedFile,
  GetAgentFileResponse,
  GetSessionFileResponse,
  ListAgentFilesResponse,
  ListSessionFilesResponse,
  SessionFileToWrite,
  WriteSessionFilesResponse,
} from './types.ts';

export type FileCalls = ReturnType<typeof fileCalls>;

/** The calls about files. */
export function fileCalls(requests: Requests) {
  const downloadSessionFileRaw = (id: string, path: string, options: CallOptions = {}): Promise<Response> =>
    requests.open('getSessionFile', { params: { id, path }, query: { format: 'raw' } }, options);

  return {
    /**
     * The files of an agent's active version, recursively.
     *
     * @param options `hashes` for the SHA-256 of each file, to see what a deployment would change
     * @throws AshApiError `agent_not_found`
     */
    listAgentFiles(
      name: string,
      options: CallOptions & { hashes?: boolean | undefined } = {},
    ): Promise<ListAgentFilesResponse> {
      const { hashes, ...call } = options;
      return requests.json('listAgentFiles', { params: { name }, query: hashes ? { hashes } : {} }, call);
    },

    /** One file of an agent as text, up to 1 MiB. @throws AshApiError `agent_not_found`, `file_not_found`, `file_too_large` */
    getAgentFile(name: string, path: string, options: CallOptions = {}): Promise<GetAgentFileResponse> {
      return requests.json('getAgentFile', { params: { name, path }, query: { format: 'json' } }, options);
    },

    /**
     * The files of a session's workspace, recursively, whether it is awake or asleep.
     *
     * @param filter `includeHidden: false` leaves out folders of tools, such as `.cache` and `.venv`. Default true
     * @throws AshApiError `session_not_found`, `workspace_not_found`
     */
    getSessionFiles(
      id: string,
      filter: { includeHidden?: boolean | undefined } = {},
      options: CallOptions = {},
    ): Promise<ListSessionFilesResponse> {
      const query = filter.includeHidden === false ? { includeHidden: false } : {};
      return requests.json('listSessionFiles', { params: { id }, query }, options);
    },

    /** One file of a workspace as text, up to 1 MiB. @throws AshApiError `file_not_found`, `not_a_file`, `file_too_large` */
    getSessionFile(id: string, path: string, options: CallOptions = {}): Promise<GetSessionFileResponse> {
      return requests.json('getSessionFile', { params: { id, path }, query: { format: 'json' } }, options);
    },

    /**
     * One file of a workspace as it is, up to 100 MiB.
     *
     * @throws AshApiError `file_not_found`, `not_a_file`, `file_too_large`
     * @example const { buffer } = await client.downloadSessionFile(session.id, 'chart.png');
     */
    async downloadSessionFile(id: string, path: string, options: CallOptions = {}): Promise<DownloadedFile> {
      const response = await downloadSessionFileRaw(id, path, options);
      return {
        buffer: await bytesOf(response),
        mimeType: response.headers.get('content-type') ?? 'application/octet-stream',
        source: response.headers.get('x-ash-source') ?? 'unknown',
      };
    },

    /** Like `downloadSessionFile`, as the raw response: its body is a stream, to be read or cancelled. */
    downloadSessionFileRaw,

    /**
     * Writes files into a workspace. One that fails doesn't stop the others: see `written` and `error` of each result.
     *
     * @param files up to 500, `content` in base64, 50 MiB each and 100 MiB together
     * @param targetPath folder that their paths are relative to. Default the workspace
     * @example await client.writeSessionFiles(session.id, [{ path: 'notes.txt', content: btoa('Hello') }]);
     */
    writeSessionFiles(
      id: string,
      files: readonly SessionFileToWrite[],
      targetPath?: string | undefined,
      options: CallOptions = {},
    ): Promise<WriteSessionFilesResponse> {
      return requests.json('writeSessionFiles', { params: { id }, body: { files: [...files], targetPath } }, options);
    },

    /** Deletes a file of a workspace. @throws AshApiError `file_not_found`, `not_a_file` */
    deleteSessionFile(id: string, path: string, options: CallOptions = {}): Promise<{ path: string; deleted: true }> {
      return requests.json('deleteSessionFile', { params: { id, path } }, options);
    },

    /** A workspace as a tar.gz, up to 100 MiB. @throws AshApiError `workspace_not_found`, `bundle_too_large` */
    async downloadWorkspace(id: string, options: CallOptions = {}): Promise<Uint8Array> {
      return await bytesOf(await requests.open('downloadWorkspace', { params: { id } }, options));
    },

    /** Writes the files of a tar.gz into a workspace; files that it doesn't hold stay. @throws AshApiError `bundle_invalid` */
    async uploadWorkspace(id: string, bundle: Uint8Array, options: CallOptions = {}): Promise<void> {
      await requests.json('uploadWorkspace', { params: { id }, body: { bundle: toBase64(bundle) } }, options);
    },
  };
}
