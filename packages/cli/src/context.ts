/** What every command is given. Heavy parts are loaded when a command asks for them. */
import type { AshClient } from '@ash-ai/sdk';
import { resolveTarget } from './settings.ts';
import { createTerminal, type Terminal } from './terminal.ts';

export interface Context {
  terminal: Terminal;
  /** The server that commands talk to, by the user's settings. */
  serverUrl(): string;
  /** A client of that server, or of the one at `serverUrl`. */
  client(serverUrl?: string): Promise<AshClient>;
}

/** What a command does; its exit code, 0 when it says nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: most commands have nothing to say
export type Done = Promise<number | void>;

export function createContext(): Context {
  return {
    terminal: createTerminal(),
    serverUrl: () => resolveTarget().serverUrl,
    client: async (serverUrl) => {
      const { AshClient } = await import('@ash-ai/sdk');
      const target = resolveTarget();
      return new AshClient({ serverUrl: serverUrl ?? target.serverUrl, apiKey: target.apiKey, maxRetries: 2 });
    },
  };
}
