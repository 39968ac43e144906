/** Snapshots as a client meets with them: what a session had is there again after its folder is gone, or it is said that it isn't. */
import { open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { say } from './streams.ts';

const use = useAsh({ env: { ASH_SANDBOX_DISK: 'auto', ASH_SNAPSHOT_AFTER_TURN_MS: '0', ASH_SNAPSHOT_KEEP: '20' } });

const folderOf = (id: string) => join(use.ash.dataDir, 'snapshots', id);

/** Waits for a snapshot that is not earlier than the session's newest message: nothing tells of it. */
async function snapshotOf(id: string): Promise<number> {
  const lastSeq = (await use.ash.client.listMessages(id)).at(-1)?.sequence ?? 0;
  for (;;) {
    for (const name of await readdir(folderOf(id)).catch(() => [])) {
      if (!name.endsWith('.json')) continue;
      const { seq } = JSON.parse(await readFile(join(folderOf(id), name), 'utf8')) as { seq: number };
      if (seq >= lastSeq) return seq;
    }
    await delay(20);
  }
}

async function worked(): Promise<string> {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'My name is Alice.');
  await say(
    ash,
    id,
    'Run git init -q . && echo kept > kept.txt && chmod 750 kept.txt && ln -s kept.txt link && mkdir node_modules && echo m > node_modules/m',
  );
  return id;
}

async function asleep(id: string): Promise<void> {
  await use.ash.client.pauseSession(id);
  await snapshotOf(id);
  await use.ash.client.resumeSession(id);
}

const events = async (id: string) =>
  (await use.ash.client.listSessionEvents(id)).map(({ data }) => JSON.parse(data ?? 'null') as Record<string, unknown>);

/** Something happens to a session's files while no server runs: what one is about to do with them is done before. */
async function meanwhile(work: () => Promise<void>): Promise<void> {
  expect(await use.ash.stop('SIGINT')).toBe(0);
  await work();
  await use.ash.start();
}

describe('a workspace that is gone', () => {
  const losses: Record<string, (dir: string) => Promise<void>> = {
    'with its whole folder': (dir) => rm(dir, { recursive: true }),
    'because its disk is': (dir) => rm(join(dir, 'disk.img')),
    'because its disk is broken': async (dir) => {
      await using image = await open(join(dir, 'disk.img'), 'r+');
      const { size } = await image.stat();
      for (let at = 0; at < size; at += 1024 * 1024 * 16)
        await image.write(Buffer.alloc(1024 * 1024, 0x5a), 0, undefined, at);
    },
  };

  test.each(Object.keys(losses))('%s: is put back before the next turn, and the log says so', async (name) => {
    const { ash } = use;
    const id = await worked();
    await ash.client.pauseSession(id);
    await snapshotOf(id);
    await meanwhile(async () => losses[name]?.(join(ash.dataDir, 'sandboxes', id)));
    await ash.client.resumeSession(id);
    const turn = await say(
      ash,
      id,
      'Run git status --short; stat -c %a:%U kept.txt; readlink link; cat node_modules/m',
    );
    expect(turn.text).toContain('?? kept.txt\n?? link\n?? node_modules/\n750:agent\nkept.txt\nm');
    expect((await say(ash, id, 'What is my name?')).text).toBe('Your name is Alice.');
    expect(await events(id)).toContainEqual({
      ...{ action: 'resumed', path: 'cold', source: 'snapshot', snapshotSeq: expect.any(Number) },
      // The one at sleep may be newer than the one after the turn, and isn't older.
      ...{ snapshotAt: expect.any(String), reason: expect.stringMatching(/missing|broken/) },
    });
  });

  test('is put back for who looks at its files', async () => {
    const { ash } = use;
    const id = await worked();
    await ash.client.endSession(id);
    await snapshotOf(id);
    await meanwhile(() => rm(join(ash.dataDir, 'sandboxes', id), { recursive: true }));
    expect((await ash.client.getSessionFile(id, 'kept.txt')).content).toBe('kept\n');
  });

  test('and whose snapshots are damaged: is an error, never an empty one', async () => {
    const { ash } = use;
    const id = await worked();
    await ash.client.pauseSession(id);
    await snapshotOf(id);
    await meanwhile(async () => {
      await rm(join(ash.dataDir, 'sandboxes', id), { recursive: true });
      for (const name of await readdir(folderOf(id))) await writeFile(join(folderOf(id), name), 'damaged');
    });
    await ash.client.resumeSession(id);
    const turn = await say(ash, id, 'Run ls');
    expect(turn.events.find(({ event }) => event === 'error')?.data).toMatchObject({ code: 'workspace_lost' });
    const answer = await ash.call('GET', `/api/sessions/${id}/files`);
    expect([answer.status, await answer.json()]).toMatchObject([500, { code: 'workspace_lost' }]);
    expect((await ash.client.listMessages(id)).length).toBeGreaterThan(0);
  });

  test('and that never had a snapshot: is an error as well', async () => {
    const { ash } = use;
    const id = await worked();
    await ash.client.pauseSession(id);
    await snapshotOf(id);
    await meanwhile(async () => {
      await rm(join(ash.dataDir, 'sandboxes', id), { recursive: true });
      await rm(folderOf(id), { recursive: true });
    });
    await ash.client.resumeSession(id);
    const turn = await say(ash, id, 'Run ls');
    expect(turn.events.find(({ event }) => event === 'error')?.data).toMatchObject({ code: 'conversation_lost' });
    expect((await ash.call('GET', `/api/sessions/${id}/files`)).status).toBe(404);
  });
});

test('a session that is awake is held still while a snapshot is taken, and a turn goes first', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(
    ash,
    id,
    'Run head -c 50000000 /dev/urandom > large; (while true; do date +%N > ticks; done) > /dev/null 2>&1 &',
  );
  for (let n = 0; n < 5; n += 1) {
    expect((await say(ash, id, `Run head -c 20000000 /dev/urandom > large${n}; echo ${n}`)).text).toContain(String(n));
  }
  await snapshotOf(id);
  expect((await say(ash, id, 'Run echo still here')).text).toContain('still here');
});

test('a fork at an earlier entry has the files of the newest snapshot that is not later', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'Run echo one > a.txt');
  await asleep(id);
  const { lastSeq } = await ash.client.getSession(id);
  await say(ash, id, 'Run echo two > a.txt; echo b > b.txt');
  await snapshotOf(id);
  const answer = await ash.call('POST', `/api/sessions/${id}/fork`, { body: { at: lastSeq } });
  const { session, files } = (await answer.json()) as { session: { id: string }; files: Record<string, unknown> };
  expect(files).toMatchObject({ source: 'snapshot', turnRunning: false });
  expect(files.seq).toBeLessThanOrEqual(lastSeq);
  await ash.client.resumeSession(session.id);
  expect((await say(ash, session.id, 'Run cat a.txt; ls')).text).toContain('one\nCLAUDE.md\na.txt');
  expect((await say(ash, id, 'Run cat a.txt')).text).toContain('two');
});

test('a server that is killed while it takes one leaves nothing standing still', async () => {
  const { ash } = use;
  const { id } = await ash.session();
  await say(ash, id, 'Run for i in 1 2 3; do head -c 30000000 /dev/urandom > r$i; done');
  // As soon as something of it is on the disk.
  while (!(await readdir(folderOf(id)).catch(() => [])).some((name) => name.endsWith('.tar.zst'))) await delay(5);
  await ash.kill();
  await ash.start();
  expect((await say(ash, id, 'Run echo goes on')).text).toContain('goes on');
});
