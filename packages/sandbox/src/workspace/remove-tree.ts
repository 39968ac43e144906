/** Removes a folder however deep an agent has made it: Node's own way ends at paths of 4,096 bytes. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Nothing happens when there is none. Links are removed, not followed. */
export async function removeTree(path: string): Promise<void> {
  await run('rm', ['-rf', '--one-file-system', '--', path], { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } });
}
