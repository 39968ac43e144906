/** `ash link` and `ash unlink`: which server the commands talk to. */
import type { Context } from '../context.ts';
import { Failure } from '../failure.ts';
import { resolveTarget, writeConfig } from '../settings.ts';

/** Stores another server's address and key; the local server's key is kept aside. */
export async function link(
  { terminal }: Context,
  url: string | undefined,
  options: { apiKey?: string },
): Promise<void> {
  if (url === undefined) throw new Failure('Give the address of the server: ash link <url> --api-key <key>');
  if (!/^https?:\/\//i.test(url))
    throw new Failure(`Not the address of a server: ${url} (it begins with http:// or https://)`);
  writeConfig(({ api_key, ...config }) => ({
    ...config,
    // Linked already: what is kept aside is the local key, and `api_key` is the other server's.
    ...(config.server_url === undefined && api_key !== undefined ? { local_api_key: api_key } : {}),
    ...(options.apiKey === undefined ? {} : { api_key: options.apiKey }),
    server_url: url.replace(/\/$/, ''),
  }));
  terminal.out(`Linked to ${url}\n`);
}

/** Takes the link back. */
export async function unlink({ terminal }: Context): Promise<void> {
  let linked = false;
  writeConfig(({ server_url, api_key, local_api_key, ...config }) => {
    linked = server_url !== undefined;
    const key = linked ? local_api_key : (api_key ?? local_api_key);
    return { ...config, ...(key === undefined ? {} : { api_key: key }) };
  });
  terminal.out(linked ? `Unlinked. Commands talk to ${resolveTarget().serverUrl}\n` : 'No server is linked\n');
}
