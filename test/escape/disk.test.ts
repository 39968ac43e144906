/** A session's disk of its own: full means full, it sleeps and wakes with its session, and no mount or loop device outlives it. */
import { execFileSync } from 'node:child_process';
import { script } from '@ash-ai/scripted-model';
import type { Session } from '@ash-ai/shared/contract';
import { expect, test, vi } from 'vitest';
import { until, useAsh } from '../e2e/harness.ts';
import { mountsOf } from '../e2e/leaks.ts';
import { messagesOf, say } from '../e2e/streams.ts';

// Bombs take their time on a machine that is busy with others.
vi.setConfig({ testTimeout: 240_000 });

const use = useAsh({ env: { ASH_SANDBOX_DISK: 'auto', ASH_SANDBOX_DISK_MB: '48', ASH_SANDBOX_INODES: '3000' } });

const bash = (command: string) => script({ tools: [{ name: 'Bash', input: { command } }] }, 'It said {{result}}.');

/** A session with a disk; undefined where this machine has none to give, and then the reason is printed. */
async function withDisk(): Promise<string | undefined> {
  const session = (await use.ash.session()) as unknown as Session;
  if (session.enforced.disk === 'image') return session.id;
  console.warn(`disks: not tested, as images can't be mounted here (disk: ${session.enforced.disk})`);
  return undefined;
}

const mounted = (sessionId: string) => mountsOf(`${use.ash.dataDir}/sandboxes/${sessionId}`).length;

test('it is full at its size, which ends the turn; the session can clean up', async () => {
  const { ash } = use;
  const id = await withDisk();
  if (id === undefined) return;
  const turn = await say(ash, id, bash('head -c 40M /dev/zero > a; head -c 40M /dev/zero > b; sleep 60'));
  expect(turn.error).toMatchObject({ code: 'disk_limit_reached', error: expect.stringContaining('48 MiB') });
  expect(await say(ash, id, bash('rm a b && echo cleaned'))).toMatchObject({ text: 'It said cleaned.' });
});

test('it holds so many files, and says so inside', async () => {
  const { ash } = use;
  const id = await withDisk();
  if (id === undefined) return;
  const turn = await say(
    ash,
    id,
    bash(`mkdir m; perl -e 'for (1..4000) { open my $f, ">", "m/$_" or die "$_ $!" }' 2>&1; rm -r m; df . | tail -1`),
  );
  expect(turn.status).toBe('completed');
  const said = JSON.stringify(messagesOf(turn.events));
  expect(said).toContain('No space left on device');
  // Nothing of it is a path of the host.
  expect(said).not.toContain(ash.dataDir);
});

test('it sleeps and wakes with its session, and is there for reading meanwhile', async () => {
  const { ash } = use;
  const id = await withDisk();
  if (id === undefined) return;
  await say(ash, id, bash('echo kept > kept.txt'));
  expect(mounted(id)).toBe(1);
  await ash.client.pauseSession(id);
  expect(mounted(id)).toBe(0);
  const read = await ash.call('GET', `/api/sessions/${id}/files/kept.txt`);
  expect(await read.text()).toContain('kept');
  // What was read from is let go of when all of it is on its way.
  await until(() => mounted(id) === 0);
  await ash.client.resumeSession(id);
  expect(await say(ash, id, bash('cat kept.txt'))).toMatchObject({ text: 'It said kept.' });
});

test('a fork has a disk of its own, with the files and the conversation of its parent', async () => {
  const { ash } = use;
  const id = await withDisk();
  if (id === undefined) return;
  await say(ash, id, 'My name is Alice.');
  await say(ash, id, bash('echo kept > kept.txt'));
  const fork = await ash.client.forkSession(id);
  await until(() => mounted(fork.id) === 0);
  await ash.client.resumeSession(fork.id);
  expect((await say(ash, fork.id, 'What is my name?')).text).toContain('Alice');
  expect(await say(ash, fork.id, bash('cat kept.txt'))).toMatchObject({ text: 'It said kept.' });
});

test('it stays while its sandbox lives without a server, and goes when the next one finds that dead', async () => {
  const { ash } = use;
  const id = await withDisk();
  if (id === undefined) return;
  await say(ash, id, bash('echo kept > kept.txt'));
  await ash.kill();
  expect(mounted(id)).toBe(1);
  await ash.start();
  expect(await say(ash, id, bash('cat kept.txt'))).toMatchObject({ text: 'It said kept.' });
  const bridge = ash.bridgePid(id);
  await ash.kill();
  process.kill(bridge, 'SIGKILL');
  await ash.start();
  await until(() => mounted(id) === 0);
});

test('no mount and no loop device is left', async () => {
  const { ash } = use;
  const id = await withDisk();
  if (id === undefined) return;
  await ash.client.endSession(id);
  await until(() => mounted(id) === 0);
  await until(() => !execFileSync('losetup', ['-a'], { encoding: 'utf8' }).includes(id));
});
