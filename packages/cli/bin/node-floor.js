/**
 * Finds or brings in a Node that Ash runs on. Plain JavaScript without dependencies: it runs on Node 20 and is used by
 * `ash` and by the scripts of the checkout alike.
 *
 * Node comes from npm itself: the package `node-<platform>-<arch>` holds the binary and needs no install script.
 *
 * ```
 *   this process is Node ≥ 24 ────────────────────────────────► process.execPath
 *   <folder>/v24.21.0/…/bin/node is there ────────────────────► that
 *   else npm installs into <folder>/.staging-…, is tried ─rename─► <folder>/v24.21.0       (whoever renames first wins)
 * ```
 * The folder is `.node` in a checkout of Ash, `~/.ash/node` elsewhere.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The least major version that Ash runs on. */
export const floor = 24;
/** The version that is brought in. */
const version = '24.21.0';

/** Settings of npm that belong to whoever started us, and would send the installation elsewhere. */
const foreignSettings =
  /^npm_config_(prefix|local_prefix|global|location|workspaces?|include_workspace_root|dry_run|package|call|omit|include|save.*|os|cpu|libc)$/i;

/**
 * The path of a Node executable of version 24 or newer.
 *
 * @param {object} [options]
 * @param {(line: string) => void} [options.log] told what is done, when something is; default: to stderr
 * @param {string} [options.folder] where to look and to install; default: see above
 * @param {string} [options.current] version to take this process for; default: its own
 * @returns {Promise<string>}
 * @throws {Error} with a sentence for the user when there is none and none can be brought in
 */
export async function node24({ log = toStderr, folder, current = process.versions.node } = {}) {
  if (Number.parseInt(current, 10) >= floor) return process.execPath;
  const home = folder ?? (await defaultFolder());
  const kind = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const inside = join('node_modules', kind, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const found = join(home, `v${version}`, inside);
  if (existsSync(found)) return found;

  log(`Ash needs Node ${floor} and this is ${current}: installing ${kind}@${version} into ${home} (once) …`);
  const staging = join(home, `.staging-${process.pid}-${randomBytes(4).toString('hex')}`);
  await mkdir(staging, { recursive: true });
  try {
    await writeFile(join(staging, 'package.json'), '{"private":true}\n');
    await npmInstall(staging, `${kind}@${version}`);
    await run(join(staging, inside), ['--version'], 'ignore');
    await rename(staging, join(home, `v${version}`)).catch((error) => {
      // Another first run was faster: its copy is as good.
      if (!existsSync(found)) throw error;
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(
      `Node ${floor} could not be brought in (${reason}). Install Node ${floor} or newer and try again.`,
      {
        cause,
      },
    );
  } finally {
    await rm(staging, { recursive: true, force: true });
  }
  log(`Node ${version} is ready.`);
  return found;
}

/** `.node` of the checkout that this file lies in, else `~/.ash/node`. */
async function defaultFolder() {
  const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
  const manifest = await readFile(join(root, 'package.json'), 'utf8').catch(() => '{}');
  return JSON.parse(manifest).name === 'ash-workspace' ? join(root, '.node') : join(homedir(), '.ash', 'node');
}

function npmInstall(prefix, what) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreignSettings.test(name)));
  const flags = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  return run('npm', ['install', '--prefix', prefix, ...flags, what], 2, { env, cwd: prefix });
}

/** Runs a program to its end; its output goes to `output` (a file descriptor, or nowhere). */
function run(program, args, output, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', output, 2] });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve(undefined);
      else reject(new Error(`${program} ended with ${signal ?? `code ${code}`}`));
    });
  });
}

function toStderr(line) {
  process.stderr.write(`${line}\n`);
}
