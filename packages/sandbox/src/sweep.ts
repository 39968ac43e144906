/** Tidies up after a server that died: sandboxes that nobody recorded, folders of sessions that don't exist. */
import { createHash, randomUUID } from 'node:crypto';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isId } from '@ash-ai/shared';
import type { Isolation } from './isolation/isolation.ts';
import { readRecord } from './sandbox-record.ts';
import { isSpare } from './spare-mark.ts';

/** A folder is made before its session is stored, so that a young one proves nothing. */
const youngMs = 60 * 60_000;

/** What was ended and removed. */
export interface Swept {
  sandboxes: string[];
  folders: string[];
}

/** Marks the sandboxes of one folder of sandboxes among all of the machine. */
export async function tagOf(sandboxesDir: string): Promise<string> {
  const { dev, ino } = await stat(sandboxesDir);
  return createHash('sha256').update(`${dev}:${ino}`).digest('hex').slice(0, 8);
}

/** The id of one life of a session's sandbox, from which a later server can tell whose it is. */
export function sandboxIdOf(tag: string, sessionId: string): string {
  return `${tag}-${sessionId}-${randomUUID().slice(0, 8)}`;
}

/** The id of the wall of one command; what is made of it begins with it. */
export function commandIdOf(tag: string): string {
  return `${tag}-command-${randomUUID().slice(0, 8)}`;
}

/** Ends sandboxes with this tag that have no record and are not being launched. */
export async function sweepSandboxes(options: {
  sandboxesDir: string;
  isolation: Isolation;
  tag: string;
  launching: ReadonlySet<string>;
}): Promise<string[]> {
  const { sandboxesDir, isolation, tag, launching } = options;
  return await isolation.sweep(async (id) => {
    if (id.startsWith(`${tag}-command-`))
      return [...launching].some((running) => id.startsWith(running)) ? 'ours to keep' : 'ours to end';
    const sessionId = id.slice(tag.length + 1, -9);
    if (!id.startsWith(`${tag}-`) || !isId(sessionId)) return 'not ours';
    // In this order: a launch is recorded before it is no launch any more.
    if (launching.has(id)) return 'ours to keep';
    const record = await readRecord(join(sandboxesDir, sessionId));
    return record?.sandboxId === id ? 'ours to keep' : 'ours to end';
  });
}

/**
 * Folders of sessions that the store doesn't know. Those of spares at once, others when they are old enough, and none of
 * these when it knows none of them: then it is another store's data folder.
 */
export async function strayFolders(
  sandboxesDir: string,
  known: (sessionIds: string[]) => Promise<ReadonlySet<string>>,
): Promise<string[]> {
  const ids = (await readdir(sandboxesDir)).filter(isId);
  const there = await known(ids);
  const strays: string[] = [];
  for (const id of ids.filter((id) => !there.has(id))) {
    if (await isSpare(join(sandboxesDir, id))) strays.push(id);
    if (there.size === 0 || strays.at(-1) === id) continue;
    const made = await lstat(join(sandboxesDir, id)).catch(() => undefined);
    // biome-ignore lint/plugin: compared with the time of a file
    if (made !== undefined && Date.now() - made.mtimeMs > youngMs) strays.push(id);
  }
  return strays;
}
