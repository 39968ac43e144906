/** The server's own secret, for sealing what callers give it in confidence when ASH_CREDENTIAL_KEY is not set. */
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The secret in `<data dir>/seal-key` (mode 0600), made at the first start. It appears whole or not at all.
 * Call it while holding the lock of the data folder.
 */
export async function readSealKey(dataDir: string): Promise<string> {
  const path = join(dataDir, 'seal-key');
  const known = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  });
  if (known !== undefined) {
    if (known.trim() === '') throw new Error(`${path} is empty`);
    return known.trim();
  }
  const secret = randomBytes(32).toString('base64url');
  const draft = `${path}.new`;
  // One that a start left when it was cut off may be anybody's to read.
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${secret}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  return secret;
}
