/** What sandboxes say, kept in rings. */
import type { Frame } from '@ash-ai/shared/bridge-wire';
import { expect, test } from 'vitest';
import { Ring } from '../../src/sandbox-logs/ring.ts';
import { SandboxLogs } from '../../src/sandbox-logs/sandbox-logs.ts';
import { opened, temporaryFolder } from '../store/backend.ts';
import { newSession } from '../store/backend-rows.ts';

test('a ring keeps the newest entries, and the index counts on', () => {
  const ring = new Ring({ entries: 3, chars: 1000 });
  for (let index = 0; index < 5000; index++) ring.add('stderr', `line ${index}`);
  expect(ring.after(-1).map(({ index }) => index)).toEqual([4997, 4998, 4999]);
  expect(ring.after(4998).map(({ text }) => text)).toEqual(['line 4999']);
  expect(ring.after(4999)).toEqual([]);
  expect(ring.after(10_000)).toEqual([]);
  expect(ring.after(-1)[0]).toEqual({
    index: 4997,
    level: 'stderr',
    text: 'line 4997',
    ts: expect.stringMatching(/^\d{4}-.*Z$/),
  });
});

test('a ring is bounded in size too', () => {
  const ring = new Ring({ entries: 100, chars: 10 });
  for (const text of ['aaaa', 'bbbb', 'cccc', 'dddddddddddd']) ring.add('stderr', text);
  expect(ring.after(-1)).toEqual([]);
  ring.add('system', 'e');
  expect(ring.after(-1)).toMatchObject([{ index: 4, text: 'e' }]);
});

test('a sandbox is heard as long as it lives, and its frames go on', async () => {
  const store = await opened({ file: `${temporaryFolder()}/ash.db` });
  const { id } = await newSession(store);
  const logs = new SandboxLogs(store);
  const ready: Frame = { header: { kind: 'ready' }, payload: 'null' };
  const log = (payload: string): Frame => ({ header: { kind: 'log', level: 'stderr' }, payload });
  const said = [[ready, log('"one"')], [log('7')], [log('"two"')]];
  const sandbox = { path: 'cold' as const, frames: () => ReadableStream.from(said) };
  const passed: Frame[][] = [];
  for await (const frames of logs.heard(id, sandbox)) {
    passed.push(frames);
    if (passed.length === 3) {
      logs.note(id, 'a note');
      expect(await logs.read('default', id, -1)).toMatchObject([
        { index: 0, level: 'system', text: 'Sandbox started' },
        { index: 1, level: 'stderr', text: 'one' },
        { index: 2, level: 'stderr', text: 'two' },
        { index: 3, level: 'system', text: 'a note' },
      ]);
    }
  }
  expect(passed).toEqual(said);
  expect(await logs.read('default', id, -1)).toEqual([]);
  await expect(logs.read('other', id, -1)).rejects.toMatchObject({ code: 'session_not_found' });
});

test('the log of a life that is over never takes the place of the next one', async () => {
  const store = await opened({ file: `${temporaryFolder()}/ash.db` });
  const { id } = await newSession(store);
  const logs = new SandboxLogs(store);
  const never = Promise.withResolvers<void>();
  async function* frames(): AsyncGenerator<Frame[]> {
    yield [];
    await never.promise;
  }
  const first = logs.heard(id, { path: 'cold', frames });
  await first.next();
  const second = logs.heard(id, { path: 'live', frames });
  await second.next();
  never.resolve();
  await first.next();
  expect(await logs.read('default', id, -1)).toMatchObject([{ text: 'Server attached to the running sandbox' }]);
  await second.next();
  expect(await logs.read('default', id, -1)).toEqual([]);
});
