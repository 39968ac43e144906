/** The disk of the data folder fills up: messages are refused before they are accepted, what runs goes on when there is room. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { script } from '@ash-ai/scripted-model';
import { expect, test } from 'vitest';
import { Ash } from './harness.ts';
import { Reader, say } from './streams.ts';
import { ToolGate } from './tool-gate.ts';

const diskMb = 96;

test('a turn runs while its disk is full', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root may mount a disk');
  await using ash = await Ash.start({ diskMb, env: { ASH_MIN_FREE_DISK_MB: '16', ASH_SPARES: 'off' } });
  const filler = join(ash.dataDir, 'filler');
  const { id } = await ash.session();
  const gate = new ToolGate(ash, id);
  const held = ash.gate.hold('meanwhile', 1);
  const reader = await Reader.send(ash, id, `meanwhile ${script({ tools: [gate.tool] }, 'The end.')}`);
  await gate.running();
  await fill(filler);
  const send = () => ash.call('POST', `/api/sessions/${id}/messages`, { body: { content: 'Hello' } });
  // A look at the disk holds for a second.
  let refused = await send();
  for (; refused.status === 200; refused = await send()) await refused.body?.cancel();
  expect([refused.status, await refused.json()]).toEqual([507, expect.objectContaining({ code: 'storage_full' })]);
  await rm(filler);
  await gate.open();
  await held.reached;
  held.open();
  expect(await reader.turn()).toMatchObject({ status: 'completed', text: 'The end.' });
  expect(ash.rows('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  let taken = await send();
  for (; taken.status === 507; taken = await send()) await taken.body?.cancel();
  expect(taken.status).toBe(200);
  await taken.text();
  expect(await say(ash, id, script('Again.'))).toMatchObject({ status: 'completed', text: 'Again.' });
});

test('what is said while the disk is full is committed when there is room', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root may mount a disk');
  await using ash = await Ash.start({ diskMb, env: { ASH_MIN_FREE_DISK_MB: '16', ASH_SPARES: 'off' } });
  const filler = join(ash.dataDir, 'filler');
  const { id } = await ash.session();
  const gate = new ToolGate(ash, id);
  const held = ash.gate.hold('in the dark', 1);
  const reader = await Reader.send(ash, id, `in the dark ${script({ tools: [gate.tool] }, '{{result}}')}`);
  await gate.running();
  const { lastSeq } = await ash.client.getSession(id);
  await fill(filler);
  await gate.open();
  // The tool's result is said, and can be neither committed nor spooled.
  await held.reached;
  expect((await ash.client.getSession(id)).lastSeq).toBe(lastSeq);
  await rm(filler);
  held.open();
  expect(await reader.turn()).toMatchObject({ status: 'completed' });
  expect(ash.rows('pragma integrity_check')).toEqual([{ integrity_check: 'ok' }]);
  const seqs = ash.rows<{ seq: number }>('select seq from log_entries where session_id = ? order by seq', id);
  expect(seqs.map(({ seq }) => seq)).toEqual(seqs.map((_, index) => index + 1));
  expect(await say(ash, id, script('Again.'))).toMatchObject({ status: 'completed', text: 'Again.' });
});

/** Writes until there is no room for a byte more. */
async function fill(path: string): Promise<void> {
  await writeFile(path, Buffer.alloc(diskMb * 1024 * 1024)).catch((cause: unknown) => {
    expect(cause).toMatchObject({ code: 'ENOSPC' });
  });
}
