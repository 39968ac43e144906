/** Which server the commands talk to, and with which key: environment, then `~/.ash/config.json`, then the default. */
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { codeOf, Failure } from './failure.ts';
import { readRecord } from './local-server/record.ts';

/** `~/.ash/config.json`. */
export interface Config {
  server_url?: string;
  api_key?: string;
  /** The local server's key while another server is linked. */
  local_api_key?: string;
  /** First-start keys by the data folder that they were found in: a key is shown once, so none may get lost. */
  picked_up?: Record<string, string>;
}

/** Folder of the user's settings, and by default of the local server. */
function ashHome(): string {
  return join(homedir(), '.ash');
}

const defaultUrl = 'http://localhost:4100';

/** Where the commands go, and with which key. */
export function resolveTarget(): { serverUrl: string; apiKey: string | undefined } {
  const config = readConfig();
  const older = readOlder();
  const local = readRecord(ashHome())?.url;
  return {
    serverUrl:
      process.env.ASH_SERVER_URL || config.server_url || local || older.server_url || older.cloud_url || defaultUrl,
    apiKey: process.env.ASH_API_KEY || config.api_key || older.api_key || undefined,
  };
}

/** What the older command's login left in `~/.ash/credentials.json`; empty when it can't be read. */
export function readOlder(): { server_url?: string; cloud_url?: string; api_key?: string } {
  try {
    const found: unknown = JSON.parse(readFileSync(join(ashHome(), 'credentials.json'), 'utf8'));
    return typeof found === 'object' && found !== null ? found : {};
  } catch {
    return {};
  }
}

/** The user's settings; empty when there are none. */
export function readConfig(): Config {
  const path = join(ashHome(), 'config.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Config;
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return {};
    throw new Failure(`${path} can't be read: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}

/** Changes the user's settings. Whoever reads at the same time sees the old or the new ones, whole. */
export function writeConfig(change: (config: Config) => Config): void {
  const folder = ashHome();
  const path = join(folder, 'config.json');
  const config = change(readConfig());
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const staged = `${path}.${randomBytes(4).toString('hex')}`;
  writeFileSync(staged, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  renameSync(staged, path);
}
