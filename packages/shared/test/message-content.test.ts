/** Blocks of stored messages; the Python client is held to the same cases. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { classifyBridgeMessage, parseMessageContent } from '@ash-ai/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const file = join(import.meta.dirname, '../../../test/conformance/message-contents.json');
const cases = JSON.parse(readFileSync(file, 'utf8')) as [content: string, blocks: unknown[]][];

test.each(cases)('%s', (content, blocks) => {
  expect(parseMessageContent(content)).toStrictEqual(blocks);
});

test('nothing makes it throw', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (content) => Array.isArray(parseMessageContent(content))));
});

test('an SDK message is its events of the timeline', () => {
  const content = [
    { type: 'thinking', thinking: 'hm' },
    { type: 'text', text: 'a' },
    { type: 'tool_use', id: '1', name: 'Bash', input: {} },
    { type: 'other' },
  ];
  expect(classifyBridgeMessage({ type: 'assistant', message: { content } })).toEqual([
    { type: 'reasoning', data: { thinking: 'hm' } },
    { type: 'text', data: { text: 'a' } },
    { type: 'tool_start', data: { toolName: 'Bash', toolId: '1', input: {} } },
  ]);
  const result = { type: 'tool_result', tool_use_id: '1', content: 'both' };
  const output = { stdout: 'out', stderr: 'err' };
  expect(classifyBridgeMessage({ type: 'user', message: { content: [result] }, tool_use_result: output })).toEqual([
    { type: 'tool_result', data: { toolId: '1', ...output } },
  ]);
  expect(classifyBridgeMessage({ type: 'result', num_turns: 2, result: 'Done.' })).toEqual([
    { type: 'turn_complete', data: { numTurns: 2, result: 'Done.' } },
  ]);
  expect(classifyBridgeMessage({ type: 'system' })).toEqual([]);
});
