/** `ash link`, `ash unlink` and their older forms: which server the commands talk to. */
import { text } from 'node:stream/consumers';
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { showSentence } from '../output/show.ts';
import { readOlder, resolveTarget, writeConfig } from '../settings.ts';

/** Stores another server's address and key; the local server's key is kept aside. */
export async function link(context: Context, given: string | undefined, options: { apiKey?: string }): Promise<void> {
  const older = given === undefined ? readOlder() : {};
  const url = given ?? older.server_url ?? older.cloud_url;
  if (url === undefined) throw new Failure('Give the address of the server: ash link <url> --api-key <key>');
  if (!/^https?:\/\//i.test(url))
    throw new Failure(`Not the address of a server: ${url} (it begins with http:// or https://)`);
  const key = options.apiKey === '-' ? (await text(process.stdin)).trim() : (options.apiKey ?? older.api_key);
  if (key === '') throw new Failure('No key came on stdin');
  const serverUrl = url.replace(/\/$/, '');
  writeConfig(({ api_key, ...config }) => ({
    ...config,
    // Linked already: what is kept aside is the local key, and `api_key` is the other server's.
    ...(config.server_url === undefined && api_key !== undefined ? { local_api_key: api_key } : {}),
    ...(key === undefined ? {} : { api_key: key }),
    server_url: serverUrl,
  }));
  showSentence(context, `Linked to ${url}`, { serverUrl }, serverUrl);
  if (process.env.ASH_SERVER_URL) context.terminal.note('ASH_SERVER_URL is set and counts before the link.');
}

/** Like {@link link}, once the server has answered. */
export async function connect(context: Context, url: string, options: { apiKey?: string }): Promise<void> {
  if (!/^https?:\/\//i.test(url)) return link(context, url, options);
  const { status } = await (await context.client(url)).health().catch((cause: unknown) => {
    if (cause instanceof TypeError) throw new Failure(`no server answers at ${url}`, { cause });
    throw cause;
  });
  if (status !== 'ok') throw new Failure(`the server at ${url} says that its status is ${status}`);
  await link(context, url, options);
}

/** Takes the link back. */
export async function unlink(context: Context): Promise<void> {
  let linked = false;
  writeConfig(({ server_url, api_key, local_api_key, ...config }) => {
    linked = server_url !== undefined;
    const key = linked ? local_api_key : (api_key ?? local_api_key);
    return { ...config, ...(key === undefined ? {} : { api_key: key }) };
  });
  const { serverUrl } = resolveTarget();
  const sentence = linked ? `Unlinked. Commands talk to ${serverUrl}` : 'No server is linked';
  showSentence(context, sentence, { unlinked: linked, serverUrl }, serverUrl);
}
