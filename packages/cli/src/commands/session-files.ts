/** `ash session files …`: the workspace of a session. */
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { AshClient, FileEntry } from '@ash-ai/sdk';
import type { Context } from '../context.ts';
import { codeOf, Failure } from '../failure.ts';
import { type Column, showList, showSentence } from '../output/show.ts';
import { waiting } from '../output/waiting.ts';
import { inLine } from '../output/width.ts';
import { ago, counted, sizeOf } from '../output/words.ts';

const columns: readonly Column<FileEntry>[] = [
  { title: 'path', of: ({ path }) => path, elastic: true },
  { title: 'size', of: ({ size }) => sizeOf(size), right: true },
  { title: 'modified', of: ({ modifiedAt }) => ago(modifiedAt) },
];

/** The old form: the list, or the text of one file. */
export async function files(context: Context, id: string, path: string | undefined): Promise<void> {
  return path === undefined ? list(context, id, {}) : get(context, id, path, undefined);
}

export async function list(context: Context, id: string, options: { all?: boolean }): Promise<void> {
  const client = await context.client();
  const answer = await client.getSessionFiles(id, { includeHidden: options.all === true || context.form !== 'people' });
  const none = 'The workspace is empty.';
  showList(context, answer.files, { columns, key: ({ path }) => path, none, value: answer });
  if (context.form === 'people' && answer.files.length > 0) {
    const where = answer.source === 'sandbox' ? 'the session is awake' : 'as stored: the session is asleep';
    const more = answer.truncated ? '; there are more' : '';
    context.terminal.note(context.terminal.dim(`${counted(answer.files.length, 'file')}, ${where}${more}`));
  }
}

/** Writes a file to stdout, or to a path of this machine. */
export async function get(context: Context, id: string, path: string, to: string | undefined): Promise<void> {
  const client = await context.client();
  if (to === undefined && context.form === 'json') return context.terminal.json(await client.getSessionFile(id, path));
  await save(context, await client.downloadSessionFileRaw(id, path), to ?? '-', basename(path));
}

/** Writes the whole workspace as a tar.gz. */
export async function download(context: Context, id: string, to: string | undefined): Promise<void> {
  const client = await context.client();
  const bundle = await waiting(context, 'Packing the workspace', client.downloadWorkspace(id));
  await save(
    context,
    new Response(new Blob([bundle as Uint8Array<ArrayBuffer>])),
    to ?? `${id}.tar.gz`,
    `${id}.tar.gz`,
  );
}

async function save(context: Context, response: Response, to: string, name: string): Promise<void> {
  const body = Readable.fromWeb((response.body ?? new ReadableStream()) as import('node:stream/web').ReadableStream);
  if (to === '-') return pipeline(body, process.stdout, { end: false });
  const isFolder = to.endsWith('/') || (await stat(to).catch(() => undefined))?.isDirectory() === true;
  const path = isFolder ? join(to, name) : to;
  await mkdir(dirname(path), { recursive: true });
  const target = createWriteStream(path);
  await pipeline(body, target);
  const size = target.bytesWritten;
  showSentence(context, `Wrote ${path} (${sizeOf(size)})`, { path, size }, path);
}

/** Bounds of one request, below the server's, so that a folder goes in several. */
const batch = { files: 200, bytes: 32 * 1024 * 1024 } as const;

/** Writes a file or a folder of this machine (or stdin) into the workspace. */
export async function put(context: Context, id: string, from: string, to: string | undefined): Promise<number> {
  const client = await context.client();
  const found: Source[] = from === '-' ? [await fromStdin(to)] : await sourcesOf(context, from, to);
  const results: Awaited<ReturnType<AshClient['writeSessionFiles']>>['files'] = [];
  for (let at = 0; at < found.length; ) {
    const part: { path: string; content: string }[] = [];
    for (
      let bytes = 0;
      at < found.length && part.length < batch.files && (part.length === 0 || bytes < batch.bytes);
      at++
    ) {
      const source = found[at] as Source;
      const content = await source.read();
      bytes += content.length;
      part.push({ path: source.path, content: content.toString('base64') });
    }
    const label = `Writing ${results.length + part.length} of ${counted(found.length, 'file')}`;
    results.push(...(await waiting(context, label, client.writeSessionFiles(id, part))).files);
  }
  const failed = results.filter(({ written }) => !written);
  for (const { path, error } of failed) context.terminal.fail(`${path}: ${error}`);
  const written = results.length - failed.length;
  const sentence =
    results.length === 1 && written === 1 ? `Wrote ${results[0]?.path}` : `Wrote ${counted(written, 'file')}`;
  if (written > 0 || context.form === 'json') showSentence(context, sentence, { files: results }, written);
  return failed.length === 0 ? 0 : 1;
}

interface Source {
  path: string;
  read: () => Promise<Buffer>;
}

async function fromStdin(to: string | undefined): Promise<Source> {
  if (to === undefined || to.endsWith('/'))
    throw new Failure('A file from stdin needs a name: ash session files put <id> - <path>');
  const { buffer } = await import('node:stream/consumers');
  const content = await buffer(process.stdin);
  return { path: to, read: async () => content };
}

async function sourcesOf({ terminal }: Context, from: string, to: string | undefined): Promise<Source[]> {
  const found = await stat(from).catch((cause) => {
    throw new Failure(`${from} can't be read (${codeOf(cause) ?? 'unknown'})`, { cause });
  });
  if (found.isFile()) {
    const path = to === undefined ? basename(from) : to.endsWith('/') ? posix.join(to, basename(from)) : to;
    return [{ path, read: () => readFile(from) }];
  }
  if (!found.isDirectory()) throw new Failure(`${from} is neither a file nor a folder`);
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  const others = entries.filter((entry) => !entry.isFile() && !entry.isDirectory()).map(({ name }) => inLine(name));
  if (others.length > 0) terminal.note(`Left out, for they are no files: ${others.slice(0, 20).join(', ')}`);
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const full = join(entry.parentPath, entry.name);
      const inner = full
        .slice(join(from, '.').length)
        .replace(/^[/\\]+/, '')
        .replaceAll('\\', '/');
      return { path: posix.join(to ?? '.', inner), read: () => readFile(full) };
    });
}

export async function remove(context: Context, id: string, path: string): Promise<void> {
  const answer = await (await context.client()).deleteSessionFile(id, path);
  showSentence(context, `Deleted ${answer.path}`, answer, answer.path);
}
