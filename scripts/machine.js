/**
 * Brings a machine to where Ash can run from its checkout: Node 24, the npm packages, and (as root on Debian) the system
 * packages. Says what it does; does nothing that is done already. Plain JavaScript: it starts on Node 20.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { node24 } from '../packages/cli/bin/node-floor.js';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Says one line about what is being done. */
export function say(line) {
  process.stdout.write(`▸ ${line}\n`);
}

/** Runs a program with its output on the screen; resolves with its exit code. */
export function run(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: 'inherit', ...options });
    // Ctrl-C reaches the child as well: it decides.
    const ignore = () => undefined;
    process.on('SIGINT', ignore);
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      process.off('SIGINT', ignore);
      resolve(signal === null ? (code ?? 1) : 130);
    });
  });
}

/** The environment in which `node` and `npm` use Node 24. */
export async function environment() {
  const node = await node24({ log: say });
  return { node, env: { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH ?? ''}` } };
}

/** Installs the npm packages of the lock file unless that is done. */
export async function needPackages(env) {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.ash-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say('installing npm packages (about half a minute) …');
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { env });
  if (code !== 0) throw new Error('npm ci failed');
  writeFileSync(stamp, lock);
}

/**
 * Installs what is missing of the system: Debian packages by the program that each brings.
 * @param {Record<string, string>} programs package by the path of its program
 */
export async function needSystem(programs) {
  const missing = Object.entries(programs).filter(([path]) => !isThere(path));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  if (process.getuid?.() !== 0 || spawnSync('apt-get', ['--version']).status !== 0) {
    throw new Error(
      `Missing on this machine: ${packages.join(', ')}. Install them with the package manager of the system.`,
    );
  }
  say(`installing system packages: ${packages.join(' ')} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  const args = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  if ((await run('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] })) !== 0) {
    throw new Error(`apt-get could not install ${packages.join(', ')}`);
  }
}

/** A path may end in `*`: then any entry of the folder counts. */
function isThere(path) {
  if (!path.includes('*')) return existsSync(path);
  return spawnSync('sh', ['-c', `ls -d ${path} >/dev/null 2>&1`]).status === 0;
}

/** Runs the body of a script; a failure is one line and exit code 1. */
export async function main(body) {
  try {
    process.exitCode = await body();
  } catch (error) {
    process.stderr.write(`\n✗ ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
