/** Takes over the key that a server makes on its first start, so that the other commands can use it (spec/cli.md §4). */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { codeOf } from '../failure.ts';
import { type Config, writeConfig } from '../settings.ts';

/** What came of it, as a line for the user; undefined when there is nothing to tell. */
export type PickedUp = string | undefined;

/**
 * Stores the key of the server on `dataDir` in the user's settings.
 *
 * @param keep leave the file where it is, for whoever else looks for it
 * @param givenKey the key that the user chose for this server, if any
 */
export function pickUpKey(dataDir: string, options: { keep: boolean; givenKey?: string | undefined }): PickedUp {
  const path = join(dataDir, 'initial-api-key');
  let found = '';
  try {
    found = readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') {
      return `The first-start key in ${path} can't be read (${codeOf(error) ?? 'unknown'}): give its content to "ash link <url> --api-key <key>".`;
    }
  }
  let stored: string | undefined;
  writeConfig((config) => {
    const key = options.givenKey ?? (found === '' ? config.picked_up?.[dataDir] : found);
    const before = currentKey(config);
    if (key === undefined || key === before) return remember(config, dataDir, found);
    stored = key;
    return remember(setKey(config, key), dataDir, found);
  });
  if (found !== '' && !options.keep) rmSync(path, { force: true });
  return stored === undefined ? undefined : 'API key stored in ~/.ash/config.json';
}

/** While another server is linked, `api_key` is that one's. */
function currentKey(config: Config): string | undefined {
  return config.server_url === undefined ? config.api_key : config.local_api_key;
}

function setKey(config: Config, key: string): Config {
  return config.server_url === undefined ? { ...config, api_key: key } : { ...config, local_api_key: key };
}

function remember(config: Config, dataDir: string, found: string): Config {
  return found === '' ? config : { ...config, picked_up: { ...config.picked_up, [dataDir]: found } };
}
