/** Reads one file: never more bytes than were asked for, however large or growing it is. */
import type { FileHandle } from 'node:fs/promises';
import { errors } from '@ash-ai/shared';
import { forPath } from './failure.ts';
import { type Folder, within } from './folder.ts';
import { partsOf, shortened } from './path.ts';

/** Bytes to be read once: the stream must be read to its end or cancelled. */
export interface Bytes {
  size: number;
  content: ReadableStream<Uint8Array>;
}

const chunkBytes = 256 * 1024;

/** Opens a file for reading. @throws file_path_invalid, file_not_found, not_a_file, file_too_large, file_access_denied */
export async function readFile(root: Folder, path: string, maxBytes: number): Promise<Bytes> {
  const parts = partsOf(path);
  const name = parts.pop() ?? '';
  return await forPath(path, async () => {
    const { handle, stats } = await within(root, parts, (folder) => folder.file(name));
    if (stats.size > maxBytes) {
      await handle.close();
      throw errors.file_too_large({ path: shortened(path), limitBytes: maxBytes });
    }
    return { size: stats.size, content: bytesOf(handle, stats.size) };
  });
}

/** The first `size` bytes of a file, which is closed at the end. A file that shrinks meanwhile fails the stream. */
export function bytesOf(handle: FileHandle, size: number): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          if (at < size) {
            const { bytesRead, buffer } = await handle.read(
              new Uint8Array(Math.min(chunkBytes, size - at)),
              0,
              undefined,
              at,
            );
            if (bytesRead === 0) throw new Error('the file became shorter while it was read');
            at += bytesRead;
            controller.enqueue(buffer.subarray(0, bytesRead));
          }
          if (at < size) return;
          await handle.close();
          controller.close();
        } catch (cause) {
          await handle.close().catch(() => undefined);
          throw cause;
        }
      },
      cancel: () => handle.close(),
    },
    { highWaterMark: 0 },
  );
}

/** The same bytes; `done` is called once, when they have been read, given up or have failed. */
export function bytesThen({ size, content }: Bytes, done: () => Promise<void>): Bytes {
  const reader = content.getReader();
  let ended: Promise<void> | undefined;
  const end = () => (ended ??= done());
  const passing = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await reader.read();
          if (!next.done) return controller.enqueue(next.value);
        } catch (cause) {
          await end();
          throw cause;
        }
        await end();
        controller.close();
      },
      async cancel() {
        await reader.cancel();
        await end();
      },
    },
    { highWaterMark: 0 },
  );
  return { size, content: passing };
}

/** All of it in memory. */
export async function allOf({ size, content }: Bytes): Promise<Buffer> {
  const whole = Buffer.alloc(size);
  let at = 0;
  for await (const chunk of content) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}
