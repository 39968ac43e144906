import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extractDisplayItems, extractStreamDelta, extractTextFromEvent } from '../src/index.ts';

const assistant = (content: unknown) => ({ type: 'assistant', message: { content } });

test('the text of an assistant message', () => {
  expect(extractTextFromEvent(assistant('as is'))).toBe('as is');
  expect(
    extractTextFromEvent(assistant([{ type: 'text', text: 'a' }, { type: 'thinking' }, { type: 'text', text: 'b' }])),
  ).toBe('ab');
  expect(extractTextFromEvent(assistant([{ type: 'tool_use', name: 'Bash' }]))).toBeNull();
  expect(extractTextFromEvent({ type: 'result', result: 'x' })).toBeNull();
});

test('the delta of a partial message', () => {
  const partial = (delta: unknown) => ({ type: 'stream_event', event: { type: 'content_block_delta', delta } });
  expect(extractStreamDelta(partial({ type: 'text_delta', text: 'hi' }))).toBe('hi');
  expect(extractStreamDelta(partial({ type: 'input_json_delta', partial_json: '{' }))).toBeNull();
  expect(extractStreamDelta({ type: 'stream_event', event: { type: 'message_start' } })).toBeNull();
});

test('display items of an assistant message', () => {
  const input = { command: 'ls', deep: { a: 1 }, long: 'x'.repeat(300) };
  const items = extractDisplayItems(
    assistant([{ type: 'text', text: 'Look:' }, { type: 'thinking' }, { type: 'tool_use', name: 'Bash', input }]),
  );
  expect(items).toHaveLength(2);
  expect(items?.[0]).toEqual({ type: 'text', content: 'Look:' });
  expect(items?.[1]).toMatchObject({ type: 'tool_use', content: 'Bash', toolName: 'Bash' });
  expect(items?.[1]?.toolInput).toMatch(/^command: ls, deep: \{"a":1\}, long: x+\.\.\.$/);
  expect(items?.[1]?.toolInput).toHaveLength(203);
});

test('display items of a tool result', () => {
  const user = (rest: object) => ({ type: 'user', ...rest });
  expect(extractDisplayItems(user({ tool_use_result: { stdout: 'out', stderr: 'err' } }))).toEqual([
    { type: 'tool_result', content: 'out\nerr' },
  ]);
  const blocks = [{ type: 'tool_result', content: [{ type: 'text', text: 'read' }] }];
  expect(extractDisplayItems(user({ message: { content: blocks } }))).toEqual([
    { type: 'tool_result', content: 'read' },
  ]);
  expect(extractDisplayItems(user({ tool_use_result: { stdout: ' \n' } }))).toBeNull();
  expect(extractDisplayItems(user({ tool_use_result: { stdout: 'x'.repeat(1001) } }))?.[0]?.content).toBe(
    `${'x'.repeat(1000)}\n...`,
  );
});

test('no helper throws, whatever it is given', () => {
  const type = fc.constantFrom('assistant', 'user', 'stream_event', 'result');
  const blocks = fc.oneof(
    fc.anything(),
    fc.array(
      fc.record(
        {
          type: fc.constantFrom('text', 'tool_use', 'tool_result'),
          text: fc.anything(),
          input: fc.jsonValue(),
          content: fc.anything(),
        },
        { requiredKeys: ['type'] },
      ),
    ),
  );
  const message = fc.oneof(fc.anything(), fc.record({ content: blocks }));
  fc.assert(
    fc.property(fc.record({ type, message, event: fc.anything(), tool_use_result: fc.anything() }), (data) => {
      extractTextFromEvent(data);
      extractStreamDelta(data);
      extractDisplayItems(data);
    }),
  );
});
