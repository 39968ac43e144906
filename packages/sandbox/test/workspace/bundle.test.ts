import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmod,
  lstat,
  mkdir,
  open,
  readFile,
  readlink,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Folder } from '../../src/workspace/folder.ts';
import { listFiles } from '../../src/workspace/list.ts';
import { type BundleLimits, bundleLimits, pack } from '../../src/workspace/pack.ts';
import { listingSkips } from '../../src/workspace/skipped.ts';
import { formatHeader, padding } from '../../src/workspace/tar-header.ts';
import { readTar } from '../../src/workspace/tar-reader.ts';
import { unpack } from '../../src/workspace/unpack.ts';
import { owner, place, rejection } from './harness.ts';

async function packed(root: Folder, path: string, limits: BundleLimits = bundleLimits): Promise<Buffer> {
  const name = join(path, '..', 'bundle.tar.gz');
  await using file = await open(name, 'w+');
  const size = await pack(root, file, limits);
  const bundle = await readFile(name);
  expect(bundle.length).toBe(size);
  await rm(name);
  return bundle;
}

const listed = async (root: Folder) => (await listFiles(root, listingSkips(true))).files.map(({ path }) => path);

interface Made {
  path: string;
  type?: string;
  content?: string;
  target?: string;
  mode?: number;
}

function archive(...entries: Made[]): Buffer {
  const blocks = entries.map(({ path, type = '0', content = '', target = '', mode = 0o644 }) => {
    const body = Buffer.from(content);
    const header = formatHeader({ path, type, mode, size: body.length, modifiedAtMs: 1e12, target });
    return Buffer.concat([header, body, padding(body.length)]);
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

describe('a bundle', () => {
  test('comes back as it went, and tar reads it', async () => {
    const from = await place();
    const long = `${'long/'.repeat(40)}grüße 👋\n.txt`;
    const files = { 'a.txt': 'a', [long]: 'deep', empty: '', 'dir/run.sh': '#!/bin/sh\n' };
    for (const [name, content] of Object.entries(files)) {
      await mkdir(join(from.path, name, '..'), { recursive: true });
      await writeFile(join(from.path, name), content);
    }
    await chmod(join(from.path, 'dir/run.sh'), 0o6755);
    await utimes(join(from.path, 'a.txt'), 1_700_000_000, 1_700_000_000);
    await mkdir(join(from.path, 'nothing'));
    await symlink('../a.txt', join(from.path, 'dir/link'));
    const bundle = await packed(from.root, from.path);

    const names = execFileSync('tar', ['tzf', '-', '--quoting-style=literal', '--show-transformed'], {
      input: bundle,
    }).toString();
    expect(names).toContain(long);
    const to = await place();
    await unpack(to.root, bundle, owner);
    for (const [name, content] of Object.entries(files)) {
      expect(await readFile(join(to.path, name), 'utf8')).toBe(content);
      if (owner !== undefined) expect((await lstat(join(to.path, name))).uid).toBe(owner);
    }
    expect((await lstat(join(to.path, 'dir/run.sh'))).mode & 0o7777).toBe(0o755);
    expect((await lstat(join(to.path, 'a.txt'))).mtimeMs).toBe(1_700_000_000_000);
    expect((await lstat(join(to.path, 'nothing'))).isDirectory()).toBe(true);
    expect(await readlink(join(to.path, 'dir/link'))).toBe('../a.txt');
    if (owner !== undefined) expect((await lstat(join(to.path, 'dir/link'))).uid).toBe(owner);
  });

  test.each(['gnu', 'pax', 'ustar', 'v7'])('of tar in %s format is taken', async (format) => {
    const from = await place();
    const deep = format === 'v7' || format === 'ustar' ? 'a/b' : `${'folder-'.repeat(20)}/${'x'.repeat(120)}`;
    await mkdir(join(from.path, deep), { recursive: true });
    await writeFile(join(from.path, deep, 'file'), 'content');
    await symlink('file', join(from.path, deep, 'link'));
    const bundle = execFileSync('tar', ['czf', '-', `--format=${format}`, '-C', from.path, '.']);
    const to = await place();
    await unpack(to.root, bundle, owner);
    expect(await readFile(join(to.path, deep, 'link'), 'utf8')).toBe('content');
  });

  test('leaves out what the contract leaves out, what leads outside and what is no file', async () => {
    const { path, outside, root } = await place();
    for (const name of ['node_modules', '.git', 'tmp', 'keep']) {
      await mkdir(join(path, name));
      await writeFile(join(path, name, 'x'), '');
    }
    for (const name of ['.env', '.env.local', '.DS_Store', '.env.example']) await writeFile(join(path, name), '');
    await symlink(outside, join(path, 'keep/folder'));
    await symlink('../../outside/secret', join(path, 'keep/file'));
    execFileSync('mkfifo', [join(path, 'keep/fifo')]);
    const bundle = await packed(root, path);
    const names: string[] = [];
    for await (const entry of readTar(ReadableStream.from([gunzipSync(bundle)]))) names.push(entry.path);
    expect(names).toEqual(['.env.example', 'keep/', 'keep/x']);
  });

  test('is bounded: bytes, content (a sparse terabyte), entries', async () => {
    const { path, root } = await place();
    await writeFile(join(path, 'noise'), randomBytes(100_000));
    expect(await rejection(packed(root, path, { ...bundleLimits, bytes: 50_000 }))).toBe('bundle_too_large');
    expect(await rejection(packed(root, path, { ...bundleLimits, entries: 0 }))).toBe('bundle_too_large');
    await truncate(join(path, 'noise'), 2 ** 40);
    expect(await rejection(packed(root, path))).toBe('bundle_too_large');
    expect(await rejection(unpack(root, Buffer.alloc(100), owner, { ...bundleLimits, bytes: 50 }))).toBe(
      'bundle_invalid',
    );
  });
});

describe('a hostile bundle', () => {
  test.each<[string, Made[]]>([
    ['a way up', [{ path: '../outside/x' }]],
    ['a way up in the middle', [{ path: 'a/../../outside/x' }]],
    ['an absolute path', [{ path: '/tmp/x' }]],
    ['an absolute folder', [{ path: '/', type: '5' }]],
    ['a NUL', [{ path: `${'a'.repeat(120)}\0b` }]],
    ['a hard link', [{ path: 'a', type: '1', target: 'b' }]],
    ['a hard link to the host', [{ path: 'a', type: '1', target: '/etc/shadow' }]],
    ['a link outside', [{ path: 'a', type: '2', target: '../outside' }]],
    ['an absolute link', [{ path: 'a', type: '2', target: '/etc' }]],
    [
      'a file through a link of its own',
      [{ path: 'in', type: '5' }, { path: 'a', type: '2', target: 'in' }, { path: 'a/x' }],
    ],
    ['a link over its own folder', [{ path: 'a/x' }, { path: 'a', type: '2', target: 'b' }]],
    ['a character device', [{ path: 'a', type: '3' }]],
    ['a block device', [{ path: 'a', type: '4' }]],
    ['a FIFO', [{ path: 'a', type: '6' }]],
    ['an unknown kind', [{ path: 'a', type: 'Z' }]],
    ['an empty name', [{ path: '' }]],
  ])('with %s is refused before anything is written', async (_, entries) => {
    const { root } = await place();
    expect(await rejection(unpack(root, archive({ path: 'first', content: 'x' }, ...entries), owner))).toBe(
      'bundle_invalid',
    );
    expect(await listed(root)).toEqual([]);
  });

  test('through a link that the agent made is refused', async () => {
    const { path, outside, root } = await place();
    await symlink(outside, join(path, 'way'));
    for (const entry of [
      { path: 'way/x' },
      { path: 'way/secret' },
      { path: 'way/y', type: '5' },
      { path: 'way/z', type: '2', target: 'x' },
    ]) {
      expect(await rejection(unpack(root, archive(entry), owner))).toBe('bundle_invalid');
    }
    // In its place, the link itself is replaced.
    await unpack(root, archive({ path: 'way', content: 'mine' }), owner);
    expect(await readFile(join(path, 'way'), 'utf8')).toBe('mine');
  });

  test('existing files stay unless they are named; a folder is never replaced', async () => {
    const { path, root } = await place();
    await mkdir(join(path, 'folder'));
    await writeFile(join(path, 'kept'), 'kept');
    expect(await rejection(unpack(root, archive({ path: 'folder', content: 'x' }), owner))).toBe('bundle_invalid');
    await unpack(root, archive({ path: './', type: '5' }, { path: './new', content: 'new' }), owner);
    expect(await listed(root)).toEqual(['kept', 'new']);
  });

  test('that is no tar.gz, or unpacks without end, is refused', async () => {
    const { root } = await place();
    const whole = archive({ path: 'a', content: 'x'.repeat(5000) });
    const bomb = gzipSync(Buffer.alloc(5_000_000));
    const limits = { bytes: 1_000_000, contentBytes: 1_000_000, entries: 10 };
    const pax = formatHeader({ path: 'é'.repeat(200), type: '0', mode: 0, size: 0, modifiedAtMs: 0, target: '' });
    const metas = gzipSync(Buffer.concat(Array.from({ length: 3000 }, () => pax.subarray(0, -512))));
    const cases = [
      ...[Buffer.alloc(0), Buffer.from('nonsense'), gunzipSync(whole), whole.subarray(0, whole.length - 30)],
      ...[gzipSync(randomBytes(2000)), gzipSync(gunzipSync(whole).subarray(0, 2000)), metas],
      archive({ path: 'a', content: 'x'.repeat(1_000_001) }),
      archive(...Array.from({ length: 11 }, (_, index) => ({ path: `f${index}` }))),
    ];
    for (const bundle of cases) expect(await rejection(unpack(root, bundle, owner, limits))).toBe('bundle_invalid');
    // Zeros end an archive at once, however many there are.
    await unpack(root, bomb, owner, limits);
    expect(await listed(root)).toEqual([]);
  });

  test('whatever it is, it is refused or stays within the workspace', async () => {
    const { root } = await place();
    const name = fc.oneof(fc.constantFrom('..', '.', '', 'a', 'b'), fc.string({ maxLength: 5 }));
    const entry = fc.record({
      path: fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/')),
      type: fc.constantFrom('0', '5', '2', '1', '3', '7'),
      target: fc.array(name, { maxLength: 3 }).map((parts) => parts.join('/')),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(entry, { maxLength: 5 }), async (entries) => {
        const outcome = await unpack(root, archive(...entries), owner).then(
          () => 'bundle_invalid',
          (error: unknown) => error,
        );
        if (outcome !== 'bundle_invalid') expect(outcome).toMatchObject({ code: 'bundle_invalid' });
      }),
      { numRuns: 300 },
    );
  });
});
