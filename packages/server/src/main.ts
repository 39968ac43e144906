/** Runs a server until it is told to stop. */
import { setTimeout as delay } from 'node:timers/promises';
import { isAshError } from '@ash-ai/shared';
import { pino } from 'pino';
import { type App, createApp } from './app.ts';
import { ConfigInvalid, readConfig } from './config.ts';
import { DataDirInUse } from './data-dir-lock.ts';
import { MigrationFailed } from './store/errors.ts';
import { version } from './version.ts';

export interface RunOptions {
  /** Called once the server answers. */
  onReady?: (ready: { url: string; dataDir: string; isolation: string; initialKeyPath: string | undefined }) => void;
  /** How long running turns may take to end after SIGINT, in ms. Default 30,000. */
  drainMs?: number;
}

/**
 * Starts a server with the settings of an environment and runs it until a signal.
 * SIGTERM leaves awake sessions and running turns to the next server on the same data directory; SIGINT puts idle
 * sessions to sleep and gives running turns time to end first.
 *
 * @returns the exit code: 0 after a signal, 1 when the server could not start or not stop in good order
 */
export async function runServer(
  env: Readonly<Record<string, string | undefined>>,
  options: RunOptions = {},
): Promise<number> {
  const signal = Promise.withResolvers<NodeJS.Signals>();
  const onSignal = (name: NodeJS.Signals): void => signal.resolve(name);
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  let logger = pino({ base: null });
  let serving = false;
  try {
    const config = readConfig(env);
    logger = pino({ base: null, level: config.logLevel });
    const app = await createApp(config, logger);
    const { initialKeyPath } = app;
    const isolation = app.isolation.name;
    const { url } = app.http;
    logger.info({ url, dataDir: config.dataDir, isolation, enforced: app.isolation.capabilities() }, `Ash v${version}`);
    if (initialKeyPath !== undefined) logger.info({ path: initialKeyPath }, 'made the first API key');
    options.onReady?.({ url, dataDir: config.dataDir, isolation, initialKeyPath });
    serving = true;
    await stop(app, await signal.promise, options.drainMs ?? 30_000);
    return 0;
  } catch (cause) {
    if (cause instanceof ConfigInvalid) for (const problem of cause.problems) logger.fatal(problem);
    else if (cause instanceof DataDirInUse || cause instanceof MigrationFailed || isAshError(cause))
      logger.fatal(cause.message);
    else logger.fatal(cause, serving ? 'the server did not stop in good order' : 'the server could not start');
    return 1;
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
}

async function stop(app: App, signal: NodeJS.Signals, drainMs: number): Promise<void> {
  if (signal === 'SIGINT') await app.drain(drainMs);
  // Whatever hangs, the sandboxes are safe: the next server finds them.
  const deadline = new AbortController();
  const late = delay(10_000, undefined, { signal: deadline.signal, ref: false }).then(
    () => {
      throw new Error('the server did not stop in time');
    },
    () => undefined,
  );
  await Promise.race([app[Symbol.asyncDispose](), late]);
  deadline.abort();
}
