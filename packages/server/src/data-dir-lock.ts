/** One server per data directory: a lock that the kernel lets go of when its holder dies, however it dies. */
import { createHash } from 'node:crypto';
import { mkdir, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';

/** Thrown when another server uses the directory. */
export class DataDirInUse extends Error {
  override readonly name = 'DataDirInUse';
}

/** Makes the directory if need be and takes it, until disposed. @throws DataDirInUse */
export async function lockDataDir(dataDir: string): Promise<AsyncDisposable> {
  await mkdir(dataDir, { recursive: true, mode: 0o711 });
  const address = createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex');
  // An abstract socket (unix(7)) has no file that could be left behind.
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      reject(cause.code === 'EADDRINUSE' ? new DataDirInUse(`another Ash server uses ${dataDir}`) : cause);
    });
    server.listen(`\0ash-data-${address}`, resolve);
  });
  server.unref();
  return {
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
