/** What `ash start` makes of its options: the environment of the server. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure } from '../failure.ts';

export interface StartOptions {
  port?: string;
  host?: string;
  dataDir?: string;
  databaseUrl?: string;
  apiKey?: string;
  isolation?: string;
  env?: string[];
  foreground?: boolean;
}

/** The data folder that a command means: option, ASH_DATA_DIR, `~/.ash`. */
export function dataDirOf(option: string | undefined): string {
  return resolve(option ?? (process.env.ASH_DATA_DIR || join(homedir(), '.ash')));
}

/** The environment of the server: this one's, under what the options say. */
export function serverEnvironment(options: StartOptions): Record<string, string | undefined> {
  const given = {
    ASH_PORT: options.port,
    ASH_HOST: options.host,
    ASH_DATABASE_URL: options.databaseUrl,
    ASH_API_KEY: options.apiKey,
    ASH_ISOLATION: options.isolation,
  };
  return {
    ...process.env,
    ...Object.fromEntries((options.env ?? []).map(pair)),
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    ASH_DATA_DIR: dataDirOf(options.dataDir),
  };
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Failure(`-e takes NAME=value, not ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
}
