/** What a backup is: a tar archive of a manifest, a copy of the database, and the files that the database names. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const manifestName = 'manifest.json';

export interface BackupManifest {
  format: 1;
  ashVersion: string;
  createdAt: string;
  sessions: number;
  /** Sessions that were at work: their files are those of their newest snapshot before that. */
  busySessions: string[];
  /** Of each file its size and hash, of each link where it leads. */
  files: Record<string, [size: number, sha256: string] | string>;
}

/** A failure that a sentence explains. */
export class BackupFailed extends Error {
  override readonly name = 'BackupFailed';
}

/** What is in a folder, by path; the manifest itself left out. */
export async function contentsOf(folder: string): Promise<BackupManifest['files']> {
  const files: BackupManifest['files'] = {};
  const visit = async (inner: string): Promise<void> => {
    for (const entry of await readdir(join(folder, inner), { withFileTypes: true })) {
      const path = join(inner, entry.name);
      if (path === manifestName) continue;
      if (entry.isDirectory()) await visit(path);
      else if (entry.isSymbolicLink()) files[path] = await readlink(join(folder, path));
      else files[path] = [(await lstat(join(folder, path))).size, await hashOf(join(folder, path))];
    }
  };
  await visit('');
  return files;
}

export async function tar(args: readonly string[]): Promise<void> {
  try {
    await run('tar', args, { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, maxBuffer: 16 * 1024 * 1024 });
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new BackupFailed(stderr.trim().split('\n')[0] ?? 'tar failed', { cause });
  }
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
