/**
 * `npm run pack [-- <folder>]`: builds every package and leaves what would be published in a folder (default `dist/packages`):
 * the npm tarballs and, where Python is there, the wheel. `--built` takes what the last build left.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const { values, positionals } = parseArgs({ options: { built: { type: 'boolean' } }, allowPositionals: true });
const target = resolve(positionals[0] ?? join(root, 'dist', 'packages'));

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
if (!values.built) run(process.execPath, ['scripts/build.ts']);
run('npm', ['pack', '--workspaces', '--pack-destination', target, '--loglevel=error']);
if (spawnSync('python3', ['-m', 'pip', '--version']).status === 0) {
  const pip = ['-m', 'pip', 'wheel', '--quiet', '--disable-pip-version-check', '--no-deps'];
  run('python3', [...pip, '--wheel-dir', target, './packages/sdk-python']);
} else console.log('no pip on this machine: the wheel is left out');
for (const name of readdirSync(target)) console.log(join(target, name));

function run(program: string, args: string[]): void {
  const done = spawnSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) process.exit(done.status ?? 1);
}
