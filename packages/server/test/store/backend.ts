/** What the conformance suites need of a dialect. */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore, type Store, type StoreOptions } from '../../src/store/open.ts';

export interface Backend {
  readonly dialect: Store['dialect'];
  /** Options of a database that nobody has opened yet. */
  fresh(): Promise<StoreOptions>;
}

/** A temporary folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ash-store-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A store on a database that is closed when the test ends. */
export async function opened(options: StoreOptions | Promise<StoreOptions>): Promise<Store> {
  const store = await openStore(await options);
  onTestFinished(() => store[Symbol.asyncDispose]());
  return store;
}
