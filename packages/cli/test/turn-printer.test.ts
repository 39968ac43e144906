import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TurnPrinter } from '../src/turn-printer.ts';

function print(messages: Record<string, unknown>[]): { out: string; notes: string[]; failure: string | undefined } {
  let out = '';
  const notes: string[] = [];
  const printer = new TurnPrinter({
    out: (text) => {
      out += text;
    },
    note: (line) => void notes.push(line),
    dim: (text) => text,
  });
  for (const data of messages) printer.take({ type: 'message', data });
  printer.close();
  return { out, notes, failure: printer.failure };
}

const delta = (text: string) => ({
  type: 'stream_event',
  event: { type: 'content_block_delta', delta: { type: 'text_delta', text } },
});
const whole = (text: string) => ({ type: 'assistant', message: { content: [{ type: 'text', text }] } });

test('a text is shown once, however much of it came as deltas', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.array(fc.nat(20)), (text, sizes) => {
      const pieces: string[] = [];
      let at = 0;
      for (const size of sizes) {
        pieces.push(text.slice(at, at + size));
        at += size;
      }
      const { out } = print([...pieces.map(delta), whole(text)]);
      expect(out).toBe(text.endsWith('\n') ? text : `${text}\n`);
    }),
  );
});

test('a text that the model began anew is shown whole after what had come', () => {
  expect(print([delta('Once upon'), whole('It was night.')]).out).toBe('Once upon\nIt was night.\n');
});

test('what a subagent says is not the answer', () => {
  expect(print([{ ...whole('inner'), parent_tool_use_id: 't1' }, whole('outer')]).out).toBe('outer\n');
});

test.for([
  ['failed', 'Too many turns'],
  ['interrupted', 'The turn was interrupted'],
  ['completed', undefined],
] as const)('a turn that ended as %s failed with %s', ([status, failure]) => {
  const printer = new TurnPrinter({
    out: () => undefined,
    note: () => undefined,
    dim: (text) => text,
  });
  printer.take({ type: 'message', data: { type: 'result', subtype: 'error_max_turns', errors: ['Too many turns'] } });
  printer.take({ type: 'done', data: { sessionId: 's', status } });
  expect(printer.failure).toBe(failure);
});
