/** Attachments of sessions: schemas and routes (spec/http-api.md §8). */
import { z } from 'zod';
import { base64, defineRoutes, idParams, plainText, timestamp } from './route.ts';

const mib = 1024 * 1024;

/** Bounds of attachments. The server may allow less or more per attachment (ASH_MAX_ATTACHMENT_SIZE), up to `maxBytes`. */
export const attachmentLimits = { defaultBytes: 10 * mib, maxBytes: 100 * mib, filenameBytes: 255 } as const;

export const attachmentSchema = z
  .object({
    id: z.uuid(),
    tenantId: z.string(),
    messageId: z.string().describe('"unlinked" when none was given'),
    sessionId: z.uuid(),
    filename: z.string(),
    mimeType: z.string(),
    size: z.int().describe('Bytes'),
    createdAt: timestamp,
  })
  .meta({ id: 'Attachment' });

/** `type/subtype` with parameters (RFC 9110 §8.3.1), in visible ASCII, as it is sent back in a header. */
const mediaType = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:[ \t]*;[\x20-\x7e]{0,200})?$/;

const uploadBody = z
  .object({
    filename: plainText(4096)
      .min(1)
      .describe('Reduced to its last part; at most 255 bytes. An empty one becomes "unnamed"'),
    content: base64.min(1).describe('base64; up to 10 MiB decoded unless the server is set otherwise'),
    mimeType: z
      .string()
      .max(400)
      .refine((text) => mediaType.test(text), 'must be a media type, like "image/png"')
      .default('application/octet-stream'),
    messageId: z.uuid().optional(),
  })
  .meta({ id: 'UploadAttachment' });

export const attachmentRoutes = defineRoutes({
  uploadAttachment: {
    method: 'POST',
    path: '/api/sessions/:id/attachments',
    tag: 'attachments',
    summary: "Store a file with a session and copy it to attachments/ in the session's workspace",
    params: idParams,
    body: uploadBody,
    bodyLimitBytes: 134 * mib,
    reply: { kind: 'json', status: 201, schema: z.object({ attachment: attachmentSchema }) },
    errors: [
      'session_not_found',
      'attachment_not_found',
      'attachment_too_large',
      'idempotency_key_reused',
      'storage_full',
    ],
  },
  listAttachments: {
    method: 'GET',
    path: '/api/sessions/:id/attachments',
    tag: 'attachments',
    summary: 'List the attachments of a session, oldest first',
    params: idParams,
    reply: { kind: 'json', status: 200, schema: z.object({ attachments: z.array(attachmentSchema) }) },
    errors: ['session_not_found'],
  },
  downloadAttachment: {
    method: 'GET',
    path: '/api/attachments/:id',
    tag: 'attachments',
    summary: 'Download an attachment',
    params: idParams,
    reply: { kind: 'bytes', status: 200 },
    errors: ['attachment_not_found'],
  },
  deleteAttachment: {
    method: 'DELETE',
    path: '/api/attachments/:id',
    tag: 'attachments',
    summary: "Delete an attachment; its copy in the session's workspace stays",
    params: idParams,
    reply: { kind: 'none', status: 204 },
    errors: ['attachment_not_found'],
  },
});
