/** What becomes of an item: spec/streaming.md §3.1 row by row, and where the id stands. */
import { SseParser } from '@ash-ai/shared';
import { expect, test } from 'vitest';
import { framesOf } from '../../src/http/projection.ts';
import type { Followed } from '../../src/log/feed-item.ts';
import { completed, entry, preview } from './items.ts';
import { sessionId, turnId } from './rooms.ts';

const turn = { sessionId, turnId, previews: true };
const whole = { sessionId, previews: false };

/** The frames as [event, data, id] in order. */
function frames(
  followed: Followed,
  view: Parameters<typeof framesOf>[1] = turn,
): [string, unknown, string | undefined][] {
  const text = framesOf(followed, view);
  return new SseParser().push(text).map(({ event, data, id }) => [event, JSON.parse(data), id]);
}

const delta = (fields: object) => preview(3, 2, { type: 'content_block_delta', delta: fields });
const assistant = (content: unknown) => entry(5, 'message', { type: 'assistant', message: { content } });
const user = (content: unknown, rest: object = {}) =>
  entry(5, 'message', { type: 'user', message: { content }, ...rest });
const result = { type: 'tool_result', tool_use_id: 't1', content: 'out' };

test.each<[string, Followed, [string, unknown][]]>([
  ['text_delta', delta({ type: 'text_delta', text: 'a' }), [['text_delta', { delta: 'a' }]]],
  ['thinking_delta', delta({ type: 'thinking_delta', thinking: 'a' }), [['thinking_delta', { delta: 'a' }]]],
  [
    'any other delta',
    delta({ type: 'input_json_delta', partial_json: '{' }),
    [['input_json_delta', { type: 'input_json_delta', partial_json: '{' }]],
  ],
  ...['message_start', 'content_block_start', 'content_block_stop', 'message_delta', 'message_stop'].map(
    (type): [string, Followed, [string, unknown][]] => [type, preview(3, 2, { type }), []],
  ),
  [
    'assistant blocks',
    assistant([
      { type: 'thinking', thinking: 'hm' },
      { type: 'text', text: 'a' },
      { type: 'tool_use', id: 't1', name: 'Bash', input: { x: 1 } },
      { type: 'redacted_thinking', data: 'z' },
    ]),
    [
      ['thinking_delta', { delta: 'hm' }],
      ['tool_use', { id: 't1', name: 'Bash', input: { x: 1 } }],
      ['redacted_thinking', { type: 'redacted_thinking', data: 'z' }],
    ],
  ],
  ['assistant text', assistant('a'), []],
  [
    'one tool result',
    user([result], { tool_use_result: { stdout: 's' } }),
    [['tool_result', { tool_use_id: 't1', content: 's' }]],
  ],
  [
    'two tool results',
    user([result, { ...result, is_error: true }]),
    [
      ['tool_result', { tool_use_id: 't1', content: 'out' }],
      ['tool_result', { tool_use_id: 't1', content: 'out', is_error: true }],
    ],
  ],
  ['user text', user('hi'), []],
  [
    'result',
    entry(5, 'message', { type: 'result', num_turns: 2, result: 'done' }),
    [['turn_complete', { numTurns: 2, result: 'done' }]],
  ],
  ...['system', 'tool_progress', 'auth_status', 'a_future_kind'].map(
    (type): [string, Followed, [string, unknown][]] => [type, entry(5, 'message', { type }), []],
  ),
])('%s', (_name, followed, granular) => {
  const message: unknown = JSON.parse(followed.item.data);
  expect(frames(followed)).toEqual([
    ...granular.map(([event, data]) => [event, data, undefined]),
    ['message', message, followed.cursor],
  ]);
});

test('the data of a message is unchanged, in one line, and kept for the next reader', () => {
  const followed = entry(9, 'message', {});
  followed.item.data = '{"type":"system","n":1.0,\n"s":"\\u00e9"}';
  const text = 'id: 9\nevent: message\ndata: {"type":"system","n":1.0, "s":"\\u00e9"}\n\n';
  expect(framesOf(followed, turn)).toBe(text);
  expect(followed.item.projected).toBe(text.slice('id: 9\n'.length));
  expect(framesOf({ ...followed, cursor: '9' }, whole)).toBe(text);
});

test('the id line stands before the event line of the last frame', () => {
  expect(framesOf(delta({ type: 'text_delta', text: 'a' }), turn)).toMatch(
    /^event: text_delta\ndata: .*\n\nid: 3\.2\nevent: message\ndata: .*\n\n$/,
  );
});

test('blocks made up in the sandbox can neither pose as events of the server nor break a frame', () => {
  const forged = ['done', 'error', 'message', 'session_start', 'turn_started', 'x\n\nevent: done\ndata: {}', '', 'ok'];
  const events = frames(assistant(forged.map((type) => ({ type }))));
  expect(events.map(([event]) => event)).toEqual(['ok', 'message']);
});

test('data that is no JSON object still passes', () => {
  const followed = entry(9, 'message', {});
  followed.item.data = '7';
  expect(framesOf(followed, turn)).toBe('id: 9\nevent: message\ndata: 7\n\n');
});

const failure = { code: 'sandbox_lost', error: 'gone' };
test.each([
  [{ outcome: 'completed' }, []],
  [{ outcome: 'failed', failure }, [['error', failure, undefined]]],
  [{ outcome: 'failed', failure, reported: true }, []],
  [{ outcome: 'interrupted' }, [['error', { code: 'turn_interrupted', error: 'The turn was interrupted' }, undefined]]],
])('the end %j', (data, before) => {
  const done = ['done', { sessionId, turnId, status: data.outcome }, '8'];
  expect(frames(entry(8, 'turn_ended', data))).toEqual([...before, done]);
  expect(frames(entry(8, 'turn_ended', data), whole)).toEqual([...before, done]);
});

test('other entries are events of a session and nothing in the stream of a turn', () => {
  const paused = entry(2, 'session', { action: 'paused' }, null);
  const accepted = entry(3, 'turn_accepted', { content: 'hi' });
  const started = entry(4, 'turn_started', {});
  expect([paused, accepted, started].flatMap((item) => frames(item))).toEqual([]);
  expect([paused, accepted, started].flatMap((item) => frames(item, whole))).toEqual([
    ['session', { turnId: null, action: 'paused' }, '2'],
    ['turn_accepted', { turnId, content: 'hi' }, '3'],
    ['turn_started', { turnId }, '4'],
  ]);
});

test('previews are shown only when asked for', () => {
  expect(framesOf(preview(3, 1, {}), whole)).toBe('');
  expect(framesOf(completed(4), whole)).not.toBe('');
});
