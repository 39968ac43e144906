/** What entries say about usage. */
import { expect, test } from 'vitest';
import { computeSeconds, extractUsage } from '../../src/usage/extract.ts';

const message = (data: object) => ({ type: 'message', dataText: JSON.stringify(data) });
const result = (fields: object) => message({ type: 'result', subtype: 'success', ...fields });

test('a result gives the tokens of its turn and one message; its cost is for later', () => {
  const usage = {
    input_tokens: 10,
    output_tokens: 20,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 5,
    server_tool_use: { web_search_requests: 1 },
  };
  expect(extractUsage([result({ usage, total_cost_usd: 0.5 })])).toEqual({
    amounts: [
      { eventType: 'input_tokens', value: 10 },
      { eventType: 'output_tokens', value: 20 },
      { eventType: 'cache_read_tokens', value: 5 },
      { eventType: 'message', value: 1 },
    ],
    costs: [{ costTotal: 0.5, costTokens: 0, turnTokens: 35 }],
  });
});

test('each tool use of an assistant is a tool call, also of a subagent', () => {
  const content = [
    { type: 'text', text: '"tool_use"' },
    { type: 'tool_use', id: '1', name: 'Bash', input: {} },
    { type: 'tool_use', id: '2', name: 'Read', input: {} },
  ];
  const call = { eventType: 'tool_call', value: 1 };
  expect(extractUsage([message({ type: 'assistant', message: { content } })])).toEqual({
    amounts: [call, call],
    costs: [],
  });
});

test.each([
  ['entries that are no messages', { type: 'turn_ended', dataText: '{"type":"result"}' }],
  ['words in a text', message({ type: 'assistant', message: { content: 'a "result" of "tool_use"' } })],
  ['what a user says', message({ type: 'user', message: { content: [{ type: 'tool_use' }] } })],
])('nothing comes of %s', (_, entry) => {
  expect(extractUsage([entry])).toEqual({ amounts: [], costs: [] });
});

test('anything may stand where a number should', () => {
  const usage = { input_tokens: '9', output_tokens: -1, cache_read_input_tokens: null };
  for (const odd of [{ usage }, { usage: 7 }, { usage: null }, {}]) {
    expect(extractUsage([result({ ...odd, total_cost_usd: 'much' })])).toEqual({
      amounts: [{ eventType: 'message', value: 1 }],
      costs: [{ costTotal: 0, costTokens: 0, turnTokens: 0 }],
    });
  }
});

test('the time of a turn, if it ran', () => {
  const at = (ms: number) => new Date(ms).toISOString();
  expect(computeSeconds({ startedAt: at(0), endedAt: at(1500) })).toEqual([
    { eventType: 'compute_seconds', value: 1.5 },
  ]);
  expect(computeSeconds({ startedAt: null, endedAt: at(1) })).toEqual([]);
  // The clock was set back.
  expect(computeSeconds({ startedAt: at(9), endedAt: at(1) })).toEqual([]);
});
