/** A process that swaps folders and files with links while the server reads, lists, writes, deletes and bundles. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile as readFromPath } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, onTestFinished, test } from 'vitest';
import { listFiles } from '../../src/workspace/list.ts';
import { pack } from '../../src/workspace/pack.ts';
import { allOf, readFile } from '../../src/workspace/read.ts';
import { listingSkips } from '../../src/workspace/skipped.ts';
import { deleteFile, writeFiles } from '../../src/workspace/write.ts';
import { owner, place, secret } from './harness.ts';

const rounds = 500;
/** On a busy machine the two meet less often: then there are more. */
const mostRounds = 20 * rounds;
/** A file that a child inherits, by its descriptor there. */
const inherited = (fd: number): string => `/proc/self/fd/${fd}`;

async function attacked() {
  const made = await place();
  const program = fileURLToPath(new URL('./fixtures/swapper.mjs', import.meta.url));
  // With the privileges that the agent has, to which the folders of Node and of the program may be closed.
  await using node = await open(process.execPath);
  const text = await readFromPath(program, 'utf8');
  const child = spawn(inherited(3), ['--input-type=module', '-e', text, '--', made.path, made.outside], {
    stdio: ['ignore', 'pipe', 'inherit', node.fd],
    ...(owner === undefined ? {} : { uid: owner, gid: owner }),
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  if (child.stdout === null) throw new Error('no stdout');
  await Promise.race([once(child.stdout, 'data'), ended.then(() => expect.unreachable('the attacker ended'))]);
  return made;
}

const quietly = <T>(work: Promise<T>): Promise<T | undefined> =>
  work.catch((cause: unknown) => {
    // Whatever gets in the way is coded; nothing else may come out.
    expect(cause).toHaveProperty('code');
    return undefined;
  });

test('nothing outside is ever read, listed, written, deleted or bundled', async () => {
  const { path, root } = await attacked();
  // The control: who trusts the path is led outside.
  let led = 0;
  const seen = { read: 0, listed: 0, written: 0, deleted: 0 };
  const metOften = () => led > 0 && Object.values(seen).every((count) => count > rounds / 10);
  for (let round = 0; round < rounds || (!metOften() && round < mostRounds); round++) {
    if ((await readFromPath(join(path, 'd/secret'), 'utf8').catch(() => '')) === secret) led += 1;
    for (const name of ['d/secret', 'f']) {
      const found = await quietly(readFile(root, name, 1000).then(allOf));
      if (found === undefined) continue;
      seen.read += 1;
      expect(found.toString()).not.toBe(secret);
    }
    const { files } = await listFiles(root, listingSkips(true));
    seen.listed += files.length;
    expect(files.filter(({ size }) => size === secret.length)).toEqual([]);
    const results = await writeFiles(
      root,
      '.',
      ['d/secret', 'f', 'd/made/deep'].map((name) => ({ path: name, content: Buffer.from('written') })),
      owner,
    );
    seen.written += results.filter(({ written }) => written).length;
    if (round % 2 === 0) {
      for (const name of ['d/secret', 'f', 'd/made/deep']) {
        const gone = await quietly(deleteFile(root, name).then(() => true));
        if (gone) seen.deleted += 1;
      }
    }
  }
  expect(metOften(), JSON.stringify({ led, ...seen })).toBe(true);

  let packed = 0;
  for (let round = 0; packed < rounds / 20 && round < mostRounds; round++) {
    await using file = await open(join(path, '..', 'bundle'), 'w+');
    if ((await quietly(pack(root, file).then(() => true))) !== true) continue;
    packed += 1;
    const { size } = await file.stat();
    const bundle = Buffer.alloc(size);
    await file.read(bundle, 0, size, 0);
    expect(gunzipSync(bundle).includes(secret)).toBe(false);
  }
  expect(packed).toBe(rounds / 20);
});
