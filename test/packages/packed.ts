/** What would be published, packed once for the tests of it, and an empty folder to install it into. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const execute = promisify(execFile);

export interface Packed extends AsyncDisposable {
  /** Holds everything of this run; also a HOME of its own. */
  folder: string;
  tarballs: string[];
  wheel: string;
}

/** Packs every package; what `npm test` has just built is not built again. */
export async function packAll(): Promise<Packed> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-packed-'));
  const target = join(folder, 'packages');
  const built = process.env.ASH_BUILT === '1' ? ['--built'] : [];
  await run(process.execPath, ['scripts/pack.ts', ...built, target], { cwd: root });
  const files = (await readdir(target)).map((name) => join(target, name));
  const tarballs = files.filter((path) => path.endsWith('.tgz')).sort();
  const wheel = files.find((path) => path.endsWith('.whl'));
  if (wheel === undefined) throw new Error(`no wheel among ${files.join(', ')}`);
  return {
    folder,
    tarballs,
    wheel,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Installs tarballs, and what they need, as somebody would who has only them. */
export async function install(folder: string, tarballs: readonly string[], ...flags: string[]): Promise<void> {
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  await run('npm', ['install', ...quiet, ...flags, ...tarballs], { cwd: folder });
}

/** Runs a program to its end; what it printed. @throws with all of it when the program fails */
export async function run(
  program: string,
  args: readonly string[],
  options: { cwd: string; env?: NodeJS.ProcessEnv },
): Promise<string> {
  try {
    const { stdout } = await execute(program, args, { ...options, maxBuffer: 64 * 1024 * 1024 });
    return stdout;
  } catch (cause) {
    const { stdout = '', stderr = '' } = cause as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause });
  }
}
