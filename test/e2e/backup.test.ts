/** Backup while sessions work, restore elsewhere: all sessions are there and go on; what is broken is told, and nothing is half done. */
import {
  cp,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp, findTrouble, restoreBackup } from '@ash-ai/server';
import { expect, onTestFinished, test } from 'vitest';
import { useAsh } from './harness.ts';
import { say } from './streams.ts';

const use = useAsh({ env: { ASH_SANDBOX_DISK: 'auto' } });

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ash-backup-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('a backup under load is a data folder in which all sessions go on', async () => {
  const { ash } = use;
  const ids = await Promise.all(
    ['Alice', 'Bob', 'Carol'].map(async (name) => {
      const { id } = await ash.session();
      await say(ash, id, `My name is ${name}.`);
      await say(ash, id, `Run echo ${name} > name.txt`);
      return id;
    }),
  );
  await ash.client.uploadAttachment(ids[0] ?? '', 'a.txt', Buffer.from('attached'), { mimeType: 'text/plain' });
  const { id: busy } = await ash.session();
  const working = say(ash, busy, 'Run for i in $(seq 40); do echo $i >> marks; sleep 0.1; done; echo done');
  const dir = await folder();
  const file = join(dir, 'ash.tar');
  const done = await backUp({ dataDir: ash.dataDir, file });
  expect(done).toMatchObject({ sessions: 4, withoutFiles: [] });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await working).status).toBe('completed');
  expect(await readdir(join(ash.dataDir, 'tmp'))).toEqual([]);
  expect((await readdir(dir)).sort()).toEqual(['ash.tar']);

  // The restored folder takes the place of the one that the server ran on.
  const restored = await restoreBackup({ dataDir: join(dir, 'data'), file });
  expect(restored.sessions).toBe(4);
  expect(
    (await findTrouble({ dataDir: join(dir, 'data'), thorough: true })).filter(({ severity }) => severity === 'error'),
  ).toEqual([]);
  expect(await ash.stop('SIGINT')).toBe(0);
  await rm(ash.dataDir, { recursive: true });
  await cp(join(dir, 'data'), ash.dataDir, { recursive: true, preserveTimestamps: true, mode: 0 });
  await ash.start();
  for (const [index, name] of ['Alice', 'Bob', 'Carol'].entries()) {
    const id = ids[index] ?? '';
    expect((await say(ash, id, 'What is my name?')).text).toBe(`Your name is ${name}.`);
    expect((await ash.client.getSessionFile(id, 'name.txt')).content).toBe(`${name}\n`);
  }
  const [attachment] = await ash.client.listAttachments(ids[0] ?? '');
  expect(attachment?.filename).toBe('a.txt');
  expect((await say(ash, busy, 'Run echo still usable')).text).toContain('still usable');
});

test('a backup without a server; a restore refuses what is broken, and a folder that is not empty', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'Run echo kept > kept.txt');
  await ash.kill();
  const dir = await folder();
  const file = join(dir, 'ash.tar');
  await backUp({ dataDir: ash.dataDir, file });
  await ash.start();

  const into = (name: string, archive = file) => restoreBackup({ dataDir: join(dir, name), file: archive });
  await mkdir(join(dir, 'full'));
  await writeFile(join(dir, 'full', 'something'), '');
  await expect(into('full')).rejects.toThrow(/full is not empty/);

  const broken = join(dir, 'broken.tar');
  const { size } = await stat(file);
  const damages: Record<string, () => Promise<void>> = {
    short: () => truncate(broken, size / 2),
    changed: async () => {
      await using handle = await open(broken, 'r+');
      const content = await readFile(broken);
      await handle.write(Buffer.from('X'), 0, 1, content.lastIndexOf('# An agent for tests'));
    },
    'no archive': () => writeFile(broken, 'hello'),
  };
  for (const [name, damage] of Object.entries(damages)) {
    await cp(file, broken);
    await damage();
    await expect(into(`from ${name}`, broken), name).rejects.toThrow(/broken|tar|manifest/i);
    expect(await readdir(dir)).not.toContain(`from ${name}`);
  }
  expect((await readdir(dir)).filter((name) => name.endsWith('.restoring'))).toEqual([]);
  expect((await into('good')).sessions).toBeGreaterThan(0);
});

test('what has ended is kept as its snapshot only, and can be looked at', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'Run echo kept > kept.txt');
  await ash.client.endSession(id);
  expect(await ash.stop('SIGINT')).toBe(0);
  const dir = join(ash.dataDir, 'sandboxes', id);
  // As if it had been made long ago.
  await utimes(join(dir, 'workspace.json'), 1, 1);
  await ash.start({ ASH_ENDED_WORKSPACE_DAYS: '0' });
  await expect.poll(() => readdir(dir).catch(() => 'gone'), { timeout: 30_000 }).toBe('gone');
  expect((await ash.client.getSessionFile(id, 'kept.txt')).content).toBe('kept\n');
  expect((await findTrouble({ dataDir: ash.dataDir })).filter((trouble) => trouble.sessionId === id)).toEqual([]);
});

test('trouble is found and explained', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'Run echo kept > kept.txt');
  await ash.client.pauseSession(id);
  expect(await ash.stop('SIGINT')).toBe(0);
  const codes = async (thorough = false) =>
    (await findTrouble({ dataDir: ash.dataDir, thorough }))
      .filter((one) => one.sessionId === id)
      .map(({ code }) => code);
  expect(await codes(true)).toEqual([]);
  const snapshots = join(ash.dataDir, 'snapshots', id);
  const pack = (await readdir(snapshots)).find((name) => name.endsWith('.tar.zst')) ?? '';
  await using handle = await open(join(snapshots, pack), 'r+');
  await handle.write(Buffer.from('XXXX'), 0, 4, 40);
  expect(await codes()).toEqual([]);
  expect(await codes(true)).toContain('snapshot_broken');
  await truncate(join(snapshots, pack), 20);
  expect(await codes()).toContain('snapshot_broken');
  await rm(join(ash.dataDir, 'sandboxes', id), { recursive: true });
  expect(await codes()).toContain('workspace_missing');
  await rename(join(ash.dataDir, 'ash.db'), join(ash.dataDir, 'ash.db.kept'));
  await writeFile(join(ash.dataDir, 'ash.db'), 'no database at all');
  expect((await findTrouble({ dataDir: ash.dataDir })).map(({ code }) => code)).toContain('database_broken');
  await rename(join(ash.dataDir, 'ash.db.kept'), join(ash.dataDir, 'ash.db'));
  expect((await findTrouble({ dataDir: join(ash.dataDir, 'none') })).map(({ code }) => code)).toEqual([
    'data_dir_missing',
  ]);
});
