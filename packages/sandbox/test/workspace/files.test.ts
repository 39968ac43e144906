import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile as readHost,
  symlink,
  truncate,
  utimes,
  writeFile as writeHost,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { listFiles } from '../../src/workspace/list.ts';
import { allOf, readFile } from '../../src/workspace/read.ts';
import { listingSkips } from '../../src/workspace/skipped.ts';
import { unpack } from '../../src/workspace/unpack.ts';
import { deleteFile, writeFiles } from '../../src/workspace/write.ts';
import { isRoot, owner, place, rejection, secret } from './harness.ts';

const all = listingSkips(true);
const max = 1024 * 1024;
const text = async (root: Parameters<typeof readFile>[0], path: string) =>
  (await allOf(await readFile(root, path, max))).toString();
const one = (path: string, content = 'new') => [{ path, content: Buffer.from(content) }];

describe('listing', () => {
  test('shows regular files by path, with size and time', async () => {
    const { path, root } = await place();
    await mkdir(join(path, 'b/c'), { recursive: true });
    await writeHost(join(path, 'b/c/d.txt'), 'four');
    await writeHost(join(path, 'a'), '');
    await utimes(join(path, 'a'), 1_700_000_000, 1_700_000_000);
    const { files, truncated } = await listFiles(root, all);
    expect(files).toEqual([
      { path: 'a', size: 0, modifiedAt: '2023-11-14T22:13:20.000Z' },
      { path: 'b/c/d.txt', size: 4, modifiedAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ]);
    expect(truncated).toBe(false);
  });

  test('neither follows nor shows links, FIFOs, sockets and devices', async () => {
    const { path, outside, root } = await place();
    await symlink(outside, join(path, 'folder'));
    await symlink(join(outside, 'secret'), join(path, 'file'));
    await symlink('.', join(path, 'loop'));
    execFileSync('mkfifo', [join(path, 'fifo')]);
    if (isRoot) execFileSync('mknod', [join(path, 'zero'), 'c', '1', '5']);
    const server = createServer().listen(join(path, 'socket'));
    onTestFinished(() => void server.close());
    expect((await listFiles(root, all)).files).toEqual([]);
  });

  test('leaves out what the contract leaves out', async () => {
    const { path, root } = await place();
    for (const dir of ['node_modules', '.git', '__pycache__', '.cache', 'venv', '.claude']) {
      await mkdir(join(path, 'in', dir), { recursive: true });
      await writeHost(join(path, 'in', dir, 'x'), '');
    }
    for (const name of ['a.sock', 'a.lock', 'a.pid', '.DS_Store', '.env', `.ash-${crypto.randomUUID()}.part`]) {
      await writeHost(join(path, name), '');
    }
    const paths = async (hidden: boolean) =>
      (await listFiles(root, listingSkips(hidden))).files.map((file) => file.path);
    expect(await paths(true)).toEqual(['.env', 'in/.cache/x', 'in/.claude/x', 'in/venv/x']);
    expect(await paths(false)).toEqual(['.env', 'in/.claude/x']);
  });

  test('is bounded, in files, names and depth', async () => {
    const { path, root } = await place();
    for (let index = 0; index < 30; index++) await writeHost(join(path, `f${index}`), '');
    expect(await listFiles(root, all, { files: 10, names: 1000 })).toMatchObject({
      files: { length: 10 },
      truncated: true,
    });
    expect((await listFiles(root, all, { files: 100, names: 5 })).truncated).toBe(true);
    execFileSync('bash', ['-c', 'for i in {1..140}; do mkdir d; cd d; done; touch deep'], { cwd: path });
    const { files, truncated } = await listFiles(root, all);
    expect([files.length, truncated]).toEqual([30, true]);
  });

  test('leaves out names that are not UTF-8, and bears any time', async () => {
    const { path, root } = await place();
    await writeHost(Buffer.concat([Buffer.from(`${path}/bad`), Buffer.from([0xff])]), '');
    await writeHost(join(path, 'grüße\n👋'), '');
    execFileSync('touch', ['-d', '@-99999999999', join(path, 'grüße\n👋')]);
    expect((await listFiles(root, all)).files).toMatchObject([{ path: 'grüße\n👋' }]);
  });
});

describe('reading', () => {
  test('gives the bytes, and never more than were there', async () => {
    const { path, root } = await place();
    const content = Buffer.alloc(700_000, 'ab');
    await writeHost(join(path, 'big'), content);
    expect((await allOf(await readFile(root, 'big', max))).equals(content)).toBe(true);
    const opened = await readFile(root, 'big', max);
    await appendFile(join(path, 'big'), 'more');
    expect((await allOf(opened)).length).toBe(700_000);
    await writeHost(join(path, 'empty'), '');
    expect(await text(root, 'empty')).toBe('');
  });

  test('a file that shrinks meanwhile fails; a reader that goes leaves nothing open', async () => {
    const { path, root } = await place();
    await writeHost(join(path, 'big'), Buffer.alloc(700_000));
    const opened = await readFile(root, 'big', max);
    await truncate(join(path, 'big'), 10);
    await expect(allOf(opened)).rejects.toThrow('became shorter');
    await (await readFile(root, 'big', max)).content.cancel();
  });

  test('follows no link, neither at the end nor on the way', async () => {
    const { path, outside, root } = await place();
    await symlink(outside, join(path, 'folder'));
    await symlink(join(outside, 'secret'), join(path, 'file'));
    await symlink('nowhere', join(path, 'dangling'));
    expect(await rejection(readFile(root, 'folder/secret', max))).toBe('file_not_found');
    expect(await rejection(readFile(root, 'file', max))).toBe('not_a_file');
    expect(await rejection(readFile(root, 'dangling', max))).toBe('not_a_file');
    expect(await rejection(readFile(root, 'missing', max))).toBe('file_not_found');
    expect(await rejection(readFile(root, '../outside/secret', max))).toBe('file_path_invalid');
  });

  test('opens nothing but regular files, without waiting', async () => {
    const { path, root } = await place();
    await mkdir(join(path, 'folder'));
    execFileSync('mkfifo', [join(path, 'fifo')]);
    if (isRoot) execFileSync('mknod', [join(path, 'device'), 'c', '1', '5']);
    const server = createServer().listen(join(path, 'socket'));
    onTestFinished(() => void server.close());
    for (const name of ['folder', 'fifo', 'socket', ...(isRoot ? ['device'] : [])]) {
      expect([name, await rejection(readFile(root, name, max))]).toEqual([name, 'not_a_file']);
    }
    expect(await rejection(readFile(root, 'fifo/x', max))).toBe('file_not_found');
  });

  test('refuses what is too large, a sparse terabyte too', async () => {
    const { path, root } = await place();
    await (await open(join(path, 'giant'), 'w')).close();
    await truncate(join(path, 'giant'), 2 ** 40);
    expect(await rejection(readFile(root, 'giant', max))).toBe('file_too_large');
    expect((await listFiles(root, all)).files).toMatchObject([{ path: 'giant', size: 2 ** 40 }]);
  });
});

describe('writing', () => {
  test('makes folders, replaces whole files, and gives all of it to the workspace', async () => {
    const { path, root } = await place();
    const files = [...one('a/b/new.txt'), ...one('top', 'x'), ...one('a/b/new.txt', 'again')];
    expect(await writeFiles(root, 'in/here', files, owner)).toEqual([
      { path: 'a/b/new.txt', written: true, size: 3 },
      { path: 'top', written: true, size: 1 },
      { path: 'a/b/new.txt', written: true, size: 5 },
    ]);
    expect(await text(root, 'in/here/a/b/new.txt')).toBe('again');
    for (const name of ['in', 'in/here', 'in/here/a/b/new.txt']) {
      const { uid, gid, mode } = await lstat(join(path, name));
      if (owner !== undefined) expect([uid, gid]).toEqual([owner, owner]);
      expect(mode & 0o7077).toBe(0);
    }
    expect(await readdir(join(path, 'in/here/a/b'))).toEqual(['new.txt']);
  });

  test('keeps the permissions of what it replaces, but no set-user-id', async () => {
    const { path, root } = await place();
    await writeHost(join(path, 'run.sh'), '');
    await chmod(join(path, 'run.sh'), 0o6755);
    await writeFiles(root, '.', one('run.sh'), owner);
    expect((await lstat(join(path, 'run.sh'))).mode & 0o7777).toBe(0o755);
  });

  test('replaces a link in its place, and refuses one on the way', async () => {
    const { path, outside, root } = await place();
    await symlink(join(outside, 'secret'), join(path, 'file'));
    await symlink(outside, join(path, 'folder'));
    await symlink(join(outside, 'made'), join(path, 'dangling'));
    const results = await writeFiles(
      root,
      '.',
      [...one('file'), ...one('folder/secret'), ...one('folder/made/x'), ...one('dangling/x')],
      owner,
    );
    expect(results.map(({ written }) => written)).toEqual([true, false, false, false]);
    expect(results[1]?.error).toContain('not found');
    expect((await lstat(join(path, 'file'))).isFile()).toBe(true);
    const into = await writeFiles(root, 'folder', one('x'), owner);
    expect(into).toEqual([{ path: 'x', written: false, error: expect.any(String) }]);
  });

  test('a hard link elsewhere keeps its content', async () => {
    const { path, root } = await place();
    await writeHost(join(path, 'a'), 'before');
    await link(join(path, 'a'), join(path, 'b'));
    await writeFiles(root, '.', one('a'), owner);
    expect([await text(root, 'a'), await text(root, 'b')]).toEqual(['new', 'before']);
  });

  test('one that fails leaves the others and nothing half written', async () => {
    const { path, root } = await place();
    await mkdir(join(path, 'folder'));
    await writeHost(join(path, 'plain'), '');
    const paths = ['../x', '/x', 'a//b', 'folder', 'plain/x', '.DS_Store', 'x'.repeat(300), '', 'good'];
    const results = await writeFiles(
      root,
      '.',
      paths.flatMap((name) => one(name)),
      owner,
    );
    expect(results.map(({ path: name }) => name)).toEqual(paths);
    expect(results.filter(({ written }) => written)).toEqual([{ path: 'good', written: true, size: 3 }]);
    for (const { written, error } of results) if (!written) expect(error).toMatch(/\w+/);
    expect((await readdir(path)).sort()).toEqual(['folder', 'good', 'plain']);
    expect(await rejection(writeFiles(root, '../up', one('x'), owner))).toBe('file_path_invalid');
  });
});

test.runIf(isRoot)('a disk that is full is told of, and keeps nothing half written', async () => {
  const { path, root } = await place();
  await mkdir(join(path, 'small'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'ash-files', join(path, 'small')]);
  onTestFinished(() => void execFileSync('umount', [join(path, 'small')]));
  const results = await writeFiles(
    root,
    'small',
    [{ path: 'large', content: Buffer.alloc(2_000_000) }, ...one('fits')],
    owner,
  );
  expect(results).toEqual([
    { path: 'large', written: false, error: expect.stringContaining('no room') },
    { path: 'fits', written: true, size: 3 },
  ]);
  expect(await readdir(join(path, 'small'))).toEqual(['fits']);
  const bundle = execFileSync(
    'bash',
    ['-c', 'dir=$(mktemp -d); cd $dir; head -c 2M /dev/urandom > x; tar cz x; rm -r $dir'],
    {
      maxBuffer: 2 ** 26,
    },
  );
  {
    await using small = await root.folder('small');
    expect(await rejection(unpack(small, bundle, owner))).toBe('workspace_full');
  }
});

describe('deleting', () => {
  test('deletes regular files only', async () => {
    const { path, outside, root } = await place();
    await mkdir(join(path, 'folder'));
    await writeHost(join(path, 'folder/file'), '');
    await symlink(join(outside, 'secret'), join(path, 'link'));
    await symlink(outside, join(path, 'way'));
    await deleteFile(root, 'folder/file');
    expect(await readdir(join(path, 'folder'))).toEqual([]);
    expect(await rejection(deleteFile(root, 'folder/file'))).toBe('file_not_found');
    expect(await rejection(deleteFile(root, 'folder'))).toBe('not_a_file');
    expect(await rejection(deleteFile(root, 'link'))).toBe('not_a_file');
    expect(await rejection(deleteFile(root, 'way/secret'))).toBe('file_not_found');
    expect(await rejection(deleteFile(root, '../outside/secret'))).toBe('file_path_invalid');
    expect(await readHost(join(outside, 'secret'), 'utf8')).toBe(secret);
  });
});
