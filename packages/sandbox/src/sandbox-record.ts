/** The file beside a sandbox from which a restarted server finds, verifies and ends it. */
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Launched } from './isolation/isolation.ts';

const fileName = 'sandbox.json';

/** Whether `names`, the content of a sandbox folder, tell of a launched pair. */
export function hasRecord(names: readonly string[]): boolean {
  return names.includes(fileName);
}

/** The same, of a folder. */
export function hasRecordNow(sandboxDir: string): boolean {
  return existsSync(join(sandboxDir, fileName));
}

/** Replaces the record in one step. */
export async function writeRecord(sandboxDir: string, launched: Launched): Promise<void> {
  const path = join(sandboxDir, fileName);
  await writeFile(`${path}.new`, JSON.stringify(launched), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The record; undefined when there is none. A record that can't be read is an error: it may stand for live processes. */
export async function readRecord(sandboxDir: string): Promise<Launched | undefined> {
  let text: string;
  try {
    text = await readFile(join(sandboxDir, fileName), 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
  return JSON.parse(text) as Launched;
}

export async function removeRecord(sandboxDir: string): Promise<void> {
  await rm(join(sandboxDir, fileName), { force: true });
}
