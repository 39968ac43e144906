/** A Python with what the Python SDK needs, made once and kept in the checkout's cache. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const home = join(root, '.cache', 'python-for-samples');

/** Path of the program; the first call installs. */
export async function pythonForSamples(): Promise<string> {
  const program = join(home, 'bin', 'python3');
  const ready = await run(program, ['-c', 'import httpx']).then(
    () => true,
    () => false,
  );
  if (ready) return program;
  if (existsSync(home)) await rm(home, { recursive: true });
  await mkdir(join(root, '.cache'), { recursive: true });
  await run('python3', ['-m', 'venv', home]);
  await run(program, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'httpx>=0.25,<1']);
  return program;
}

/** What a Python program needs to import the SDK of this checkout. */
export const pythonEnv = {
  PYTHONPATH: join(root, 'packages/sdk-python'),
  PYTHONDONTWRITEBYTECODE: '1',
};
