/** What a deployment changes: the files of a folder against those of the version before, by their hashes. */
import { createHash } from 'node:crypto';

export interface Changes {
  added: string[];
  changed: string[];
  removed: string[];
}

/** @param before as the server lists them, with hashes  @param now as they are uploaded, in base64 */
export function changesBetween(
  before: readonly { path: string; sha256?: string | undefined }[],
  now: readonly { path: string; content: string }[],
): Changes {
  const known = new Map(before.map(({ path, sha256 }) => [path, sha256]));
  const changes: Changes = { added: [], changed: [], removed: [] };
  for (const { path, content } of now) {
    if (!known.has(path)) changes.added.push(path);
    else if (known.get(path) !== hashOf(content)) changes.changed.push(path);
    known.delete(path);
  }
  changes.removed.push(...known.keys());
  return changes;
}

export function isNothing({ added, changed, removed }: Changes): boolean {
  return added.length + changed.length + removed.length === 0;
}

/** The address of a file's content, which is in base64. */
export function hashOf(content: string): string {
  return createHash('sha256').update(Buffer.from(content, 'base64')).digest('hex');
}
