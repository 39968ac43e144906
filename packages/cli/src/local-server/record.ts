/** `<data folder>/ash-server.json`: which process serves a data folder. It counts only while that very process lives. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from './identity.ts';

export interface ServerRecord {
  pid: number;
  /** Tells the process from a later one with the same pid. */
  identity: string;
  url: string;
  startedAt: string;
}

function pathOf(dataDir: string): string {
  return join(dataDir, 'ash-server.json');
}

/** The server that runs on a data folder; undefined when none does. */
export function readRecord(dataDir: string): ServerRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(pathOf(dataDir), 'utf8')) as ServerRecord;
    return isAlive(record) ? record : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the recorded process still lives. */
export function isAlive(record: ServerRecord): boolean {
  return typeof record.identity === 'string' && identityOf(record.pid) === record.identity;
}

/** Says that this process serves the data folder. */
export function writeRecord(dataDir: string, url: string): void {
  const identity = identityOf(process.pid) ?? '';
  const record: ServerRecord = { pid: process.pid, identity, url, startedAt: new Date().toISOString() };
  writeFileSync(pathOf(dataDir), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o644 });
}

/** Takes back {@link writeRecord}, unless another process has written its own since. */
export function removeRecord(dataDir: string): void {
  if (readRecord(dataDir)?.pid === process.pid) rmSync(pathOf(dataDir), { force: true });
}
