import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const run = promisify(execFile);
const floor = join(import.meta.dirname, '..', 'bin', 'node-floor.js');
const kind = `node-${process.platform}-${process.arch}`;
const inside = join('v24.21.0', 'node_modules', kind, 'bin', 'node');

/** A folder with an `npm` of its own, which installs a program that behaves like `node --version`. */
async function makePlace(npm: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ash-floor-'));
  await mkdir(join(folder, 'bin'));
  await writeFile(
    join(folder, 'bin', 'npm'),
    `#!/bin/sh\necho "$@" >> ${folder}/asked\nprintenv >> ${folder}/env\n${npm}\n`,
  );
  await chmod(join(folder, 'bin', 'npm'), 0o755);
  const program = `const { node24 } = await import(${JSON.stringify(floor)});
    console.log(await node24({ folder: ${JSON.stringify(join(folder, 'node'))}, current: '20.19.0' }));`;
  return {
    folder,
    find: () =>
      run(process.execPath, ['--input-type=module', '--eval', program], {
        env: { PATH: `${join(folder, 'bin')}:/usr/bin:/bin`, npm_config_global: 'true', npm_config_registry_hint: 'x' },
      }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

const installs = `mkdir -p "$3/node_modules/${kind}/bin"
printf '#!/bin/sh\\necho v24.21.0\\n' > "$3/node_modules/${kind}/bin/node"
chmod 755 "$3/node_modules/${kind}/bin/node"`;

test('this process is taken when it is new enough', async () => {
  const { node24 } = await import('../bin/node-floor.js');
  expect(await node24()).toBe(process.execPath);
});

test('it is installed once, with word on stderr, and found from then on', async () => {
  await using place = await makePlace(installs);
  const first = await place.find();
  expect(first.stdout.trim()).toBe(join(place.folder, 'node', inside));
  expect(first.stderr).toContain(`installing ${kind}@24.21.0 into ${place.folder}/node`);
  const second = await place.find();
  expect(second).toMatchObject({ stdout: first.stdout, stderr: '' });
  const asked = (await readFile(join(place.folder, 'asked'), 'utf8')).trimEnd().split('\n');
  expect(asked).toHaveLength(1);
  expect(asked[0]).toMatch(new RegExp(`^install --prefix \\S+ --no-save .*--ignore-scripts.* ${kind}@24\\.21\\.0$`));
  const env = await readFile(join(place.folder, 'env'), 'utf8');
  expect(env).toContain('npm_config_registry_hint');
  expect(env).not.toContain('npm_config_global');
});

test('first runs at the same time all get a whole Node, and leave nothing else', async () => {
  await using place = await makePlace(installs);
  const found = await Promise.all(Array.from({ length: 5 }, () => place.find()));
  expect(new Set(found.map(({ stdout }) => stdout))).toEqual(new Set([`${join(place.folder, 'node', inside)}\n`]));
  expect(await readdir(join(place.folder, 'node'))).toEqual(['v24.21.0']);
});

test.for([
  ['exit 7', 'npm ended with code 7'],
  [installs.replace('echo v24.21.0', 'exit 1'), 'bin/node ended with code 1'],
])('what does not work is not kept (%#)', async ([npm = '', reason = '']) => {
  await using place = await makePlace(npm);
  await expect(place.find()).rejects.toThrow(reason);
  expect(await readdir(join(place.folder, 'node'))).toEqual([]);
});
