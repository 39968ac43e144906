/** Files that go with a message: images and PDFs inside it, others as attachments in the session's workspace. */
import { readFile, stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { AshClient, MessageContent } from '@ash-ai/sdk';
import type { Context } from './context.ts';
import { codeOf, Failure } from './failure.ts';
import { sizeOf } from './output/words.ts';

type Blocks = Exclude<MessageContent, string>;

const images = {
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.png': 'image/png',
  '.gif': 'image/gif',
  '.webp': 'image/webp',
} as const;

/** A message takes 50 MiB of JSON, and base64 makes four bytes of three. */
const longestInside = 32 * 1024 * 1024;
const longestAttachment = 100 * 1024 * 1024;

/** The content of a message with files. Others than images and PDFs are uploaded now, and named in the text. */
export async function attach(
  { terminal }: Context,
  client: AshClient,
  sessionId: string,
  text: string,
  paths: readonly string[],
): Promise<MessageContent> {
  const blocks: Blocks = [];
  const uploaded: string[] = [];
  for (const path of paths) {
    const filename = basename(path);
    const kind = extname(path).toLowerCase();
    const inside = kind === '.pdf' || Object.hasOwn(images, kind);
    const bytes = await contentOf(path, inside ? longestInside : longestAttachment);
    if (inside) {
      const data = bytes.toString('base64');
      if (kind === '.pdf') {
        blocks.push({ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data } });
      } else {
        const media_type = images[kind as keyof typeof images];
        blocks.push({ type: 'image', source: { type: 'base64', media_type, data } });
      }
    } else {
      terminal.progress(terminal.dim(`Uploading ${filename} (${sizeOf(bytes.length)}) …`));
      const attachment = await client.uploadAttachment(sessionId, filename, bytes);
      uploaded.push(`attachments/${attachment.filename}`);
    }
  }
  const named = uploaded.length === 0 ? text : `${text}\n\nAttached files: ${uploaded.join(', ')}`;
  return blocks.length === 0 ? named : [...blocks, { type: 'text', text: named }];
}

async function contentOf(path: string, longest: number): Promise<Buffer> {
  const found = await stat(path).catch((cause) => {
    throw new Failure(`${path} can't be read (${codeOf(cause) ?? 'unknown'})`, { cause });
  });
  if (!found.isFile()) throw new Failure(`${path} is no file`);
  if (found.size > longest) throw new Failure(`${path} holds ${sizeOf(found.size)}, more than ${sizeOf(longest)}`);
  return readFile(path);
}
