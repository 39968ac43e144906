/** Attachments: files that callers give to a session, kept beside the workspaces and copied into them (spec/http-api.md §8). */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Folder, readFile, type Workspaces } from '@ash-ai/sandbox';
import { errors, isAshError, newId } from '@ash-ai/shared';
import { type Attachment, attachmentLimits, type Contract, type Parsed } from '@ash-ai/shared/contract';
import type { Logger } from 'pino';
import { decodeBase64, decodedLength } from '../base64.ts';
import type { Config } from '../config.ts';
import { sessionOf, type WorkspaceRooms, withWorkspace } from '../files/workspace-of.ts';
import type { AttachmentsRoom } from '../http/rooms.ts';
import { claimOnce } from '../idempotency.ts';
import type { SandboxLogs } from '../sandbox-logs/sandbox-logs.ts';
import * as attachmentStore from '../store/attachments.ts';
import * as sessionStore from '../store/sessions.ts';

type Upload = Parsed<Contract['uploadAttachment']>['body'];

export interface AttachmentsOptions extends WorkspaceRooms {
  workspaces: Workspaces;
  logger: Logger;
  sandboxLogs: Pick<SandboxLogs, 'note'>;
  config: Pick<Config, 'dataDir' | 'maxAttachmentBytes'>;
}

export class Attachments implements AttachmentsRoom {
  readonly #options: AttachmentsOptions;
  readonly #root: string;

  constructor(options: AttachmentsOptions) {
    this.#options = options;
    this.#root = join(options.config.dataDir, 'attachments');
  }

  async upload(tenantId: string, sessionId: string, given: Upload, idempotencyKey?: string): Promise<Attachment> {
    await sessionOf(this.#options, tenantId, sessionId);
    const content = this.#contentOf(given.content);
    const filename = baseName(given.filename);
    const id = newId();
    const row: attachmentStore.AttachmentRow = {
      id,
      tenantId,
      messageId: given.messageId ?? 'unlinked',
      sessionId,
      filename,
      mimeType: given.mimeType,
      size: content.length,
      storagePath: join(sessionId, id, filename),
      createdAt: new Date().toISOString(),
    };
    const path = join(this.#root, row.storagePath);
    const request = { ...given, sessionId, content: createHash('sha256').update(content).digest('hex') };
    const claim = { tenantId, key: idempotencyKey, request, resourceId: id, at: row.createdAt };
    let earlier: string | undefined;
    try {
      await keep(path, content);
      earlier = await this.#options.store.write(async (tx) => {
        const claimed = await claimOnce(tx, claim);
        if (claimed === undefined) await attachmentStore.insert(tx, row);
        return claimed;
      });
    } catch (cause) {
      await rm(dirname(path), { recursive: true, force: true });
      throw isFull(cause) ? errors.storage_full({}, { cause }) : cause;
    }
    if (earlier !== undefined) {
      await rm(dirname(path), { recursive: true, force: true });
      const known = await attachmentStore.get(this.#options.store.db, tenantId, earlier);
      if (known === undefined) throw errors.attachment_not_found({ attachmentId: earlier });
      return toAttachment(known);
    }
    await this.#copyIn(tenantId, sessionId, { path: filename, content });
    return toAttachment(row);
  }

  async list(tenantId: string, sessionId: string): Promise<Attachment[]> {
    const { store } = this.#options;
    await sessionOf(this.#options, tenantId, sessionId);
    return (await attachmentStore.list(store.db, tenantId, sessionId)).map(toAttachment);
  }

  async download(tenantId: string, id: string) {
    const row = await attachmentStore.get(this.#options.store.db, tenantId, id);
    if (row === undefined) throw errors.attachment_not_found({ attachmentId: id });
    try {
      await using root = await Folder.open(this.#root);
      return { ...(await readFile(root, row.storagePath, row.size)), attachment: toAttachment(row) };
    } catch (cause) {
      throw errors.attachment_not_found({ attachmentId: id }, { cause });
    }
  }

  async delete(tenantId: string, id: string): Promise<void> {
    const row = await this.#options.store.write((tx) => attachmentStore.remove(tx, tenantId, id));
    if (row === undefined) throw errors.attachment_not_found({ attachmentId: id });
    await rm(dirname(join(this.#root, row.storagePath)), { recursive: true, force: true });
  }

  /** Sessions that have some. */
  async sessions(): Promise<string[]> {
    return await readdir(this.#root).catch(() => []);
  }

  /** Deletes all of a session. */
  async forget(sessionId: string): Promise<void> {
    const { store } = this.#options;
    const session = await sessionStore.getById(store.db, sessionId);
    if (session === undefined) return;
    await store.write((tx) => attachmentStore.removeAll(tx, session.tenantId, sessionId));
    await rm(join(this.#root, sessionId), { recursive: true, force: true });
  }

  #contentOf(text: string): Buffer {
    const limitBytes = this.#options.config.maxAttachmentBytes;
    if (decodedLength(text) > limitBytes + 2) throw errors.attachment_too_large({ limitBytes });
    const content = decodeBase64(text);
    if (content === undefined) throw errors.validation_failed({ reason: 'content: must be base64' });
    if (content.length === 0) throw errors.validation_failed({ reason: 'content: must not be empty' });
    if (content.length > limitBytes) throw errors.attachment_too_large({ limitBytes });
    return content;
  }

  /** The attachment is kept in any case; a workspace that has no place for it is the agent's own doing. */
  async #copyIn(tenantId: string, sessionId: string, file: { path: string; content: Buffer }): Promise<void> {
    const { workspaces, logger, sandboxLogs } = this.#options;
    const written = await withWorkspace(this.#options, tenantId, sessionId, (of) =>
      workspaces.write(of, 'attachments', [file]),
    ).catch((cause: unknown) => {
      if (!isAshError(cause)) throw cause;
      return [{ written: false, error: cause.message }];
    });
    const error = written[0]?.error;
    if (error === undefined) return;
    logger.warn({ sessionId, error }, 'an attachment was not copied into the workspace');
    sandboxLogs.note(sessionId, `Attachment ${JSON.stringify(file.path)} was not copied: ${error}`);
  }
}

/** Writes a new file so that it is on the disk. */
async function keep(path: string, content: Buffer): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await using file = await open(path, 'wx', 0o600);
  await file.writeFile(content);
  await file.sync();
}

/** @throws validation_failed when it is too long for a file system */
function baseName(filename: string): string {
  const name = filename.split(/[/\\]/).at(-1) ?? '';
  if (Buffer.byteLength(name) > attachmentLimits.filenameBytes) {
    throw errors.validation_failed({ reason: `filename: must have at most ${attachmentLimits.filenameBytes} bytes` });
  }
  return name === '' || name === '.' || name === '..' ? 'unnamed' : name;
}

function isFull(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
}

function toAttachment({ storagePath: _, ...attachment }: attachmentStore.AttachmentRow): Attachment {
  return attachment;
}
