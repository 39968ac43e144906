/** What an agent has closed to others is said to be so, by a server that is not root. */
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readFile } from '../../src/workspace/read.ts';
import { deleteFile } from '../../src/workspace/write.ts';
import { isRoot, place, rejection } from './harness.ts';

test('reading a closed file, and deleting from a closed folder: file_access_denied', async () => {
  const { path, root } = await place();
  await writeFile(join(path, 'closed'), 'x', { mode: 0 });
  await mkdir(join(path, 'folder'));
  await writeFile(join(path, 'folder/file'), 'x');
  await chmod(join(path, 'folder'), 0o500);
  await chmod(path, 0o755);
  if (isRoot) {
    process.seteuid?.(65_534);
    onTestFinished(() => process.seteuid?.(0));
  }
  expect(await rejection(readFile(root, 'closed', 100))).toBe('file_access_denied');
  expect(await rejection(deleteFile(root, 'folder/file'))).toBe('file_access_denied');
});
