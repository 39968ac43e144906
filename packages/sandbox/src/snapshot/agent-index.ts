/** What is in the folder of an agent version, by hash: it never changes, so files equal to its own need not be stored. */
import { createHash } from 'node:crypto';
import { closeSync, constants, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { contentOf } from './content.ts';
import { walk } from './walk.ts';

/** Path within the folder by the hash of the content. Kept beside the snapshots, because making it reads everything. */
export function agentIndex(snapshotsDir: string, agentDir: string): Map<string, string> {
  // Equal folders of two tenants have one name, and one index.
  const path = join(snapshotsDir, '.agents', `${basename(agentDir)}.zst`);
  try {
    return new Map(JSON.parse(zstdDecompressSync(readFileSync(path)).toString('utf8')) as [string, string][]);
  } catch {
    // Not made yet, or damaged: what is read from the folder later is checked by its hash anyway.
  }
  const index = new Map<string, string>();
  const fd = openSync(agentDir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (const found of walk(fd, '.')) {
      const file = found.stats.isFile() ? found.open() : undefined;
      if (file === undefined) continue;
      const hash = createHash('sha256');
      for (const chunk of contentOf(file, Number(found.stats.size))) hash.update(chunk);
      closeSync(file);
      if (found.stats.size > 0n) index.set(hash.digest('hex'), found.path);
    }
  } finally {
    closeSync(fd);
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, zstdCompressSync(JSON.stringify([...index])), { mode: 0o600 });
  renameSync(draft, path);
  return index;
}
