/** Runs the server in this process, until it is told to stop. */
import { mkdirSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import type { Context } from '../context.ts';
import { endWithStarter } from './attached.ts';
import { dataDirOf, type StartOptions, serverEnvironment } from './environment.ts';
import { pickUpKey } from './key-pickup.ts';
import { removeRecord, writeRecord } from './record.ts';

/** Serves; the exit code is the server's. */
export async function serveHere({ terminal }: Context, options: StartOptions): Promise<number> {
  const env = serverEnvironment(options);
  const dataDir = dataDirOf(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  // Compiled code of the last start, a quarter of what loading the server takes. Nobody else may write into this folder.
  enableCompileCache(join(dataDir, 'compile-cache'));
  const { runServer } = await import('@ash-ai/server');

  const onReady = (ready: { url: string }) => {
    const url = reachable(ready.url);
    writeRecord(dataDir, url);
    if (process.send !== undefined) {
      // `ash start` waits for this; it takes the key over itself.
      endWithStarter();
      process.send({ ready: true });
      return;
    }
    terminal.note(`Ash serves at ${url}, data in ${dataDir}`);
    // The file stays: whoever runs a server in the foreground may look for it there.
    const key = pickUpKey(dataDir, { keep: true, givenKey: options.apiKey });
    if (key !== undefined) terminal.note(key);
  };
  try {
    return await runServer(env, { onReady });
  } finally {
    removeRecord(dataDir);
  }
}

/** The address that the server tells, with one that can be called in place of "all addresses". */
function reachable(url: string): string {
  return url.replace('//0.0.0.0:', '//localhost:').replace('//[::]:', '//localhost:').replace(/\/$/, '');
}
