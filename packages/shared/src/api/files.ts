/** Files of agents and of sessions' workspaces, one by one and as a bundle: schemas and routes (spec/http-api.md §3, §6, §7). */
import { z } from 'zod';
import { base64, defineRoutes, idParams, innerPath, plainText, timestamp } from './route.ts';

const mib = 1024 * 1024;

/** Bounds of files, in bytes unless said otherwise. */
export const fileLimits = {
  /** One file as JSON. */
  jsonBytes: mib,
  /** One file as it is. */
  rawBytes: 100 * mib,
  /** Files of one batch. */
  batchFiles: 500,
  batchFileBytes: 50 * mib,
  batchBytes: 100 * mib,
  /** A bundle, compressed. */
  bundleBytes: 100 * mib,
} as const;

export const fileEntrySchema = z
  .object({
    path: z.string().describe('Relative, with "/"'),
    size: z.int().describe('Bytes'),
    modifiedAt: timestamp,
  })
  .meta({ id: 'FileEntry' });

const agentFileEntrySchema = fileEntrySchema
  .extend({ sha256: z.string().optional().describe('Of its content, in hex; with `hashes`') })
  .meta({ id: 'AgentFileEntry' });

const source = z
  .enum(['sandbox', 'snapshot'])
  .describe('Whether the session was awake ("sandbox") or asleep ("snapshot")');

const truncated = z.literal(true).optional().describe('Set when there are more than the 20,000 files of this answer');

const content = z.string().describe('As UTF-8 text');

const path = innerPath.describe(
  'Relative path with "/"; ".." is refused, links are not followed, only regular files are found',
);

/** A default apart for each route. */
const format = (preset: 'raw' | 'json') =>
  z.object({
    format: z.enum(['raw', 'json']).default(preset).describe('json: text in an object, up to 1 MiB; raw: the bytes'),
  });

const writeBody = z
  .object({
    files: z
      .array(
        z.object({
          path: innerPath,
          content: base64.describe('base64; up to 50 MiB decoded'),
          mimeType: z.string().max(1000).optional().describe('Ignored'),
        }),
      )
      .min(1)
      .max(fileLimits.batchFiles)
      .describe('Up to 100 MiB decoded, together'),
    targetPath: innerPath.default('.').describe('Folder of the workspace that the paths are relative to'),
  })
  .meta({ id: 'WriteFiles' });

/** What keeps a session from being woken for something that is no turn. */
export const wakeErrors = ['session_not_active', 'session_busy', 'capacity_reached', 'spend_limit_reached'] as const;
const sessionFileErrors = [
  ...(['session_not_found', 'workspace_not_found', 'workspace_lost', 'setup_failed'] as const),
  ...wakeErrors,
] as const;
const fileErrors = ['file_path_invalid', 'file_not_found', 'not_a_file', 'file_access_denied'] as const;

export const fileRoutes = defineRoutes({
  listAgentFiles: {
    method: 'GET',
    path: '/api/agents/:name/files',
    tag: 'files',
    summary: 'List the files of an agent, recursively',
    params: z.object({ name: plainText(255) }),
    query: z.object({ hashes: z.boolean().default(false).describe('Say the hash of each file as well') }),
    reply: { kind: 'json', status: 200, schema: z.object({ files: z.array(agentFileEntrySchema), truncated }) },
    errors: ['agent_not_found', 'agent_files_not_found'],
  },
  getAgentFile: {
    method: 'GET',
    path: '/api/agents/:name/files/*',
    tag: 'files',
    summary: 'Read a file of an agent',
    params: z.object({ name: plainText(255), path }),
    query: format('json'),
    reply: {
      kind: 'bytes',
      status: 200,
      schema: z.object({ path: z.string(), content, size: z.int() }).meta({ id: 'AgentFile' }),
    },
    errors: ['agent_not_found', 'agent_files_not_found', ...fileErrors, 'file_too_large'],
  },
  listSessionFiles: {
    method: 'GET',
    path: '/api/sessions/:id/files',
    tag: 'files',
    summary: "List the files of a session's workspace, recursively, in every status",
    params: idParams,
    query: z.object({
      includeHidden: z
        .boolean()
        .default(true)
        .describe('False leaves out .cache, .npm, .pnpm-store, .yarn, .venv, venv, .tmp and tmp'),
    }),
    reply: { kind: 'json', status: 200, schema: z.object({ files: z.array(fileEntrySchema), source, truncated }) },
    errors: sessionFileErrors,
  },
  getSessionFile: {
    method: 'GET',
    path: '/api/sessions/:id/files/*',
    tag: 'files',
    summary: "Read a file of a session's workspace, up to 100 MiB",
    params: idParams.extend({ path }),
    query: format('raw'),
    reply: {
      kind: 'bytes',
      status: 200,
      schema: z.object({ path: z.string(), content, size: z.int(), source }).meta({ id: 'SessionFile' }),
    },
    errors: [...sessionFileErrors, ...fileErrors, 'file_too_large'],
  },
  writeSessionFiles: {
    method: 'POST',
    path: '/api/sessions/:id/files',
    tag: 'files',
    summary: "Write files into a session's workspace; one that fails does not stop the others",
    params: idParams,
    body: writeBody,
    bodyLimitBytes: 200 * mib,
    reply: {
      kind: 'json',
      status: 200,
      schema: z.object({
        files: z
          .array(
            z.object({
              path: z.string(),
              written: z.boolean(),
              size: z.int().optional().describe('Bytes, when it was written'),
              error: z.string().optional().describe("Why it wasn't"),
            }),
          )
          .describe('In the order of the request'),
      }),
    },
    errors: [...sessionFileErrors, 'file_path_invalid'],
  },
  deleteSessionFile: {
    method: 'DELETE',
    path: '/api/sessions/:id/files/*',
    tag: 'files',
    summary: "Delete a file of a session's workspace",
    params: idParams.extend({ path }),
    reply: { kind: 'json', status: 200, schema: z.object({ path: z.string(), deleted: z.literal(true) }) },
    errors: [...sessionFileErrors, ...fileErrors],
  },
  downloadWorkspace: {
    method: 'GET',
    path: '/api/sessions/:id/workspace',
    tag: 'files',
    summary: "Download a session's workspace as a tar.gz, up to 100 MiB compressed and 1 GiB of files",
    params: idParams,
    reply: { kind: 'bytes', status: 200, mediaType: 'application/gzip' },
    errors: [...sessionFileErrors, 'bundle_too_large'],
  },
  uploadWorkspace: {
    method: 'POST',
    path: '/api/sessions/:id/workspace',
    tag: 'files',
    summary: "Write the files of a tar.gz into a session's workspace; files that it does not hold stay",
    params: idParams,
    body: z
      .object({
        bundle: base64.describe('base64 of a tar.gz: up to 100 MiB decoded, 1 GiB of files, 50,000 entries'),
      })
      .meta({ id: 'UploadWorkspace' }),
    bodyLimitBytes: 134 * mib,
    reply: { kind: 'json', status: 200, schema: z.object({ message: z.string() }) },
    errors: [...sessionFileErrors, 'bundle_invalid', 'workspace_full'],
  },
});
