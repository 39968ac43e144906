/** Compiled code of the bridge program: made once, used by every user's bridge, written by none. */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../test/e2e/harness.ts';
import { BridgeCode } from '../src/bridge-code.ts';

const run = promisify(execFile);
const isRoot = process.getuid?.() === 0;
let dir = '';
let program = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ash-bridge-code-'));
  await chmod(dir, 0o755);
  program = join(dir, 'program.mjs');
  await writeFile(
    program,
    "import { flushCompileCache } from 'node:module';\nif (process.argv[2] === 'compile') { flushCompileCache(); process.exit(0); }\nconsole.log('ran');\n",
  );
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

async function made(revision: string): Promise<BridgeCode> {
  const code = new BridgeCode({ dir: await codeDir(), revision, args: [program] });
  code.begin((cause) => {
    throw cause;
  });
  await until(async () => Object.keys(await code.envFor(undefined)).length > 0);
  return code;
}

async function codeDir(): Promise<string> {
  const found = join(dir, 'code');
  await run('mkdir', ['-p', found]);
  return found;
}

test.runIf(isRoot)('a bridge of another user takes it, and can’t change it', async () => {
  await using code = await made('one');
  const env = { ...(await code.envFor(40_001)), NODE_DEBUG_NATIVE: 'COMPILE_CACHE' };
  const { stdout, stderr } = await run(process.execPath, [program], { env, uid: 40_001, gid: 40_001, cwd: '/' });
  expect(stdout).toContain('ran');
  expect(stdout + stderr).toMatch(/program\.mjs.* was accepted/);
  for (const name of await readdir(await codeDir(), { recursive: true })) {
    const found = await stat(join(await codeDir(), name));
    expect([found.uid, found.mode & 0o022]).toEqual([0, 0]);
  }
});

test('it is there for the next server, and goes with its revision', async () => {
  {
    await using _code = await made('one');
  }
  const before = await readdir(await codeDir());
  {
    await using _code = await made('one');
  }
  expect(await readdir(await codeDir())).toEqual(before);
  await using _code = await made('two');
  expect(await readdir(await codeDir())).toEqual(['two']);
});

test('a program that can’t be compiled is told of, and bridges start without', async () => {
  await writeFile(program, 'process.exit(3);\n');
  await using code = new BridgeCode({ dir: await codeDir(), revision: 'one', args: [program] });
  const failed = Promise.withResolvers<unknown>();
  code.begin(failed.resolve);
  expect(String(await failed.promise)).toContain('ended with 3');
  expect(await code.envFor(40_001)).toEqual({});
});
