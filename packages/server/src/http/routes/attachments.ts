/** Attachments: upload, list, download, delete. */
import type { Contract } from '@ash-ai/shared/contract';
import { FileReply } from '../bytes.ts';
import type { HandlersOf } from '../call.ts';
import { idempotencyKeyOf } from '../idempotency-key.ts';
import type { AttachmentsRoom } from '../rooms.ts';

type AttachmentRoutes = Pick<
  Contract,
  'uploadAttachment' | 'listAttachments' | 'downloadAttachment' | 'deleteAttachment'
>;

/** The handlers of the attachment routes. */
export function attachmentHandlers(attachments: AttachmentsRoom): HandlersOf<AttachmentRoutes> {
  return {
    uploadAttachment: async ({ tenantId, params, body, headers }) => ({
      attachment: await attachments.upload(tenantId, params.id, body, idempotencyKeyOf(headers)),
    }),

    listAttachments: async ({ tenantId, params }) => ({ attachments: await attachments.list(tenantId, params.id) }),

    downloadAttachment: async ({ tenantId, params }) => {
      const { attachment, ...file } = await attachments.download(tenantId, params.id);
      return new FileReply(file, { mediaType: attachment.mimeType, name: attachment.filename });
    },

    deleteAttachment: async ({ tenantId, params }) => {
      await attachments.delete(tenantId, params.id);
      return undefined;
    },
  };
}
