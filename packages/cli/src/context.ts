/** What every command is given. Heavy parts are loaded when a command asks for them. */
import type { AshClient } from '@ash-ai/sdk';
import { hasColours, type Paint, paintFor } from './output/paint.ts';
import type { Form } from './output/show.ts';
import { resolveTarget } from './settings.ts';
import { createTerminal, type OutputFlags, type Terminal } from './terminal.ts';

export interface Context {
  terminal: Terminal;
  /** How results are to be shown. */
  form: Form;
  /** Colours of results, where there are colours. */
  paint: Paint;
  /** Whether what is shown on stdout may have colours. */
  coloured: boolean;
  /** Columns of the terminal that results go to; undefined when they go elsewhere. */
  width: number | undefined;
  /** Whether somebody watches stderr and wants to know how it goes on. */
  watched: boolean;
  /** The server that commands talk to, by the user's settings. */
  serverUrl(): string;
  /** A client of that server, or of the one at `serverUrl`. */
  client(serverUrl?: string, options?: { fetch?: typeof fetch; maxRetries?: number }): Promise<AshClient>;
}

/** What a command does; its exit code, 0 when it says nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: most commands have nothing to say
export type Done = Promise<number | void>;

export function createContext(flags: OutputFlags = {}): Context {
  const { json = false, table = false, quiet = false, color = true } = flags;
  const tty = process.stdout.isTTY === true;
  return {
    terminal: createTerminal(flags),
    form: json ? 'json' : quiet ? 'quiet' : table || tty ? 'people' : 'piped',
    paint: paintFor(process.stdout, color),
    coloured: hasColours(process.stdout, color),
    width: tty ? process.stdout.columns : undefined,
    watched: process.stderr.isTTY === true && !quiet,
    serverUrl: () => resolveTarget().serverUrl,
    client: async (serverUrl, options = {}) => {
      const { AshClient } = await import('@ash-ai/sdk');
      const target = resolveTarget();
      const { apiKey } = target;
      return new AshClient({ maxRetries: 2, ...options, serverUrl: serverUrl ?? target.serverUrl, apiKey });
    },
  };
}
