import { appendFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLeftOff } from '../src/left-off.ts';

const sessionId = '01a210d2-7ca7-7983-b041-24523ec474ff';
const turnId = '01a210d2-7ca7-7983-b041-000000000001';
let home = '';
let lines = 0;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'ash-home-'));
  lines = 0;
});
afterEach(() => rm(home, { recursive: true }));

/** Appends to the transcript; each message is called `m1`, `m2`, … unless it has a name. */
async function wrote(...entries: (object | string)[]): Promise<void> {
  const folder = join(home, '.claude', 'projects', '-workspace');
  await mkdir(folder, { recursive: true });
  const texts = entries.map((entry) => {
    if (typeof entry === 'string') return entry;
    lines += 1;
    return `${JSON.stringify({ uuid: `m${lines}`, isSidechain: false, ...entry })}\n`;
  });
  await appendFile(join(folder, `${sessionId}.jsonl`), texts.join(''));
}

const prompt = (uuid = turnId) => ({ type: 'user', uuid, message: { role: 'user', content: 'Do it.' } });
const reply = (stop: string | null, ...content: object[]) => ({
  type: 'assistant',
  message: { id: 'msg', role: 'assistant', stop_reason: stop, content },
});
const text = (said: string) => ({ type: 'text', text: said });
const call = (id: string) => ({ type: 'tool_use', id, name: 'Bash', input: {} });
const result = (id: string) => ({
  type: 'user',
  message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'done' }] },
  toolUseResult: { stdout: 'done' },
});
const read = (said: string[] = []) => readLeftOff(home, { sessionId, turnId, said });

test('nothing, another turn, or a line that was cut: the prompt is absent', async () => {
  expect(await read()).toMatchObject({ state: 'absent', unsaid: [] });
  await wrote(prompt('another'), reply('end_turn', text('Done.')), JSON.stringify(prompt()).slice(0, 60));
  expect(await read()).toMatchObject({ state: 'absent', unsaid: [] });
});

test.each([
  ['the prompt', [], 'open'],
  ['a thought', [reply(null, { type: 'thinking', thinking: 'Hm.' })], 'open'],
  ['a call', [reply('tool_use', text('I look.')), reply('tool_use', call('a'))], 'open'],
  ['a result', [reply('tool_use', call('a')), result('a')], 'open'],
  ['an error of the API', [{ ...reply('stop_sequence', text('529')), isApiErrorMessage: true }], 'open'],
  ['text before a call', [reply('tool_use', text('I look.'))], 'mid_reply'],
  ['text whose reply had not ended', [reply(null, text('It'))], 'mid_reply'],
  ['the last word', [reply('tool_use', call('a')), result('a'), reply('end_turn', text('It is done.'))], 'finished'],
  ['a subagent’s word', [reply('tool_use', call('a')), { ...reply('end_turn', text('x')), isSidechain: true }], 'open'],
])('the last is %s', async (_name, entries, state) => {
  await wrote(prompt('before'), reply('end_turn', text('Before.')), prompt(), ...entries);
  expect((await read()).state).toBe(state);
});

test('calls are open until their result; what the log lacks is given back, and no more', async () => {
  await wrote(prompt(), reply('tool_use', call('a'), call('b')), result('a'), { type: 'last-prompt' });
  await wrote(prompt('by the host'), reply('end_turn', text('One.'), text('Two.')));
  const all = await read();
  expect(all.calls).toEqual([
    { id: 'a', open: false },
    { id: 'b', open: true },
  ]);
  expect(all.text).toBe('One.Two.');
  expect(all.unsaid.map(({ uuid }) => uuid)).toEqual(['m2', 'm3', 'm6']);
  expect(all.unsaid[1]).toMatchObject({ type: 'user', session_id: sessionId, tool_use_result: { stdout: 'done' } });
  expect((await read(['m2', 'm3'])).unsaid.map(({ uuid }) => uuid)).toEqual(['m6']);
  expect((await read(['m6'])).unsaid).toEqual([]);
});

test('a link in its place is not followed', async () => {
  await wrote(prompt());
  const moved = join(home, 'elsewhere.jsonl');
  const place = join(home, '.claude', 'projects', '-workspace', `${sessionId}.jsonl`);
  await appendFile(moved, `${JSON.stringify(prompt())}\n`);
  await rm(place);
  await symlink(moved, place);
  expect((await read()).state).toBe('absent');
});
