/** Schemathesis, a fuzzer that knows only an OpenAPI document: installed once, kept in the checkout's cache. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const version = '4.32.5';
const home = join(root, '.cache', 'schemathesis');

/** Path of the program; the first call installs. Throws what pip says when the package index can't be reached. */
export async function schemathesis(): Promise<string> {
  const program = join(home, 'bin', 'schemathesis');
  const said = await run(program, ['--version']).catch(() => ({ stdout: '' }));
  if (said.stdout.trim().endsWith(version)) return program;
  if (existsSync(home)) await rm(home, { recursive: true });
  await mkdir(join(root, '.cache'), { recursive: true });
  await run('python3', ['-m', 'venv', home]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--retries', '1'];
  await run(join(home, 'bin', 'python3'), [...pip, `schemathesis==${version}`]);
  return program;
}
