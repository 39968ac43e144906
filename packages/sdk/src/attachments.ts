/** Attachments: upload, list, download, delete. */
import { bytesOf, toBase64 } from './bytes.ts';
import type { CallOptions, Requests } from './request.ts';
import type { Attachment } from './types.ts';

/** What an attachment may be uploaded with. */
export interface UploadAttachmentOptions extends CallOptions {
  /** Media type. Default `application/octet-stream`. */
  mimeType?: string | undefined;
  /** Message that it belongs to, by id. */
  messageId?: string | undefined;
}

export type AttachmentCalls = ReturnType<typeof attachmentCalls>;

/** The calls about attachments. */
export function attachmentCalls(requests: Requests) {
  return {
    /**
     * Stores a file with a session; the agent finds a copy of it under `attachments/` in its workspace.
     *
     * @param content up to 10 MiB unless the server is set otherwise
     * @throws AshApiError `session_not_found`, `attachment_too_large`
     * @example await client.uploadAttachment(session.id, 'photo.png', bytes, { mimeType: 'image/png' });
     */
    async uploadAttachment(
      sessionId: string,
      filename: string,
      content: Uint8Array,
      options: UploadAttachmentOptions = {},
    ): Promise<Attachment> {
      const { signal, idempotencyKey, mimeType, messageId } = options;
      const body = { filename, content: toBase64(content), mimeType, messageId };
      const call = { params: { id: sessionId }, body };
      return (await requests.json('uploadAttachment', call, { signal, idempotencyKey })).attachment;
    },

    /** The attachments of a session, oldest first. @throws AshApiError `session_not_found` */
    async listAttachments(sessionId: string, options: CallOptions = {}): Promise<Attachment[]> {
      return (await requests.json('listAttachments', { params: { id: sessionId } }, options)).attachments;
    },

    /** The bytes of an attachment. @throws AshApiError `attachment_not_found` */
    async downloadAttachment(id: string, options: CallOptions = {}): Promise<Uint8Array> {
      return await bytesOf(await requests.open('downloadAttachment', { params: { id } }, options));
    },

    /** Deletes an attachment; its copy in the workspace stays. @throws AshApiError `attachment_not_found` */
    async deleteAttachment(id: string, options: CallOptions = {}): Promise<void> {
      await requests.json('deleteAttachment', { params: { id } }, options);
    },
  };
}
