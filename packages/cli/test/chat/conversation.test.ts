import { expect, test } from 'vitest';
import { type Block, lineText, lineWidth } from '../../src/chat/screen/line.ts';
import { Conversation } from '../../src/chat/talk/conversation.ts';

type Data = Record<string, unknown>;

class Screen {
  readonly conversation = new Conversation({ styled: false });
  readonly printed: string[] = [];

  take(type: string, data: Data, nowMs = 0): void {
    this.#print(this.conversation.take({ type, data }, nowMs));
  }

  message(data: Data, nowMs = 0): void {
    this.take('message', data, nowMs);
  }

  turn(turnId: string, content: unknown = 'Hi'): void {
    this.take('turn_accepted', { turnId, content });
    this.take('turn_started', { turnId });
  }

  live(nowMs = 0): string[] {
    return this.conversation.live(80, nowMs).map(lineText);
  }

  #print(blocks: Block[]): void {
    for (const line of blocks.flatMap((block) => block(80))) {
      expect(lineWidth(line)).toBeLessThanOrEqual(80);
      this.printed.push(lineText(line));
    }
  }
}

const assistant = (...content: Data[]): Data => ({ type: 'assistant', message: { content } });
const delta = (text: string): Data => ({
  type: 'stream_event',
  event: { type: 'content_block_delta', delta: { type: 'text_delta', text } },
});
const call = (id: string, command: string): Data =>
  assistant({ type: 'tool_use', id, name: 'Bash', input: { command } });
const result = (id: string, content: string, more: Data = {}): Data => ({
  type: 'user',
  message: { content: [{ type: 'tool_result', tool_use_id: id, content, ...more }] },
});

test('text streams, and the whole message adds only what had not come', () => {
  const screen = new Screen();
  screen.turn('t1');
  expect(screen.live(3000)).toEqual(['', '⠋ Working 3.0 s · Esc interrupts']);
  screen.message(delta('One.\n\nTw'));
  expect(screen.printed).toEqual(['› Hi', '', 'One.']);
  expect(screen.live()).toEqual(['', 'Tw']);
  screen.message(assistant({ type: 'text', text: 'One.\n\nTwo.' }));
  screen.message(assistant({ type: 'text', text: 'And another.' }));
  expect(screen.printed).toEqual(['› Hi', '', 'One.', '', 'Two.', '', 'And another.']);
});

test('tools are one line each, behind a spinner while they run; the last one can be unfolded', () => {
  const screen = new Screen();
  screen.turn('t1');
  screen.message(call('a', 'ls\nls -la'), 1000);
  screen.message(call('b', 'sleep 9'), 1000);
  expect(screen.live(3500)).toEqual(['', '⠴ Bash ls ⏎ ls -la  2.5 s', '⠴ Bash sleep 9  2.5 s']);
  screen.message(result('b', 'Exit code 1\nmore', { is_error: true }), 2500);
  screen.message(result('a', 'one\ntwo\n'), 4000);
  expect(screen.printed.slice(1)).toEqual([
    '',
    '✗ Bash sleep 9  1.5 s · Exit code 1',
    '✓ Bash ls ⏎ ls -la  3.0 s · 2 lines, 8 B',
  ]);
  expect(screen.conversation.folded?.body).toBe('command:\n  ls\n  ls -la\n\none\ntwo');
});

test('what an agent says can not command the terminal', () => {
  const screen = new Screen();
  screen.turn('t1');
  screen.message(call('a', '\x1b]0;owned\x07echo \u202eabc'));
  screen.message(result('a', '\x1b[2Jno', { is_error: true }));
  screen.message(assistant({ type: 'text', text: 'Hello \x1b[31mred\x1b[0m\x9b2J\x07' }));
  expect(screen.printed.join('\n')).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  expect(screen.printed).toContain('Hello red');
});

test('a message sent while a turn runs stands below that turn', () => {
  const screen = new Screen();
  screen.turn('t1');
  screen.take('turn_accepted', { turnId: 't2', content: 'Next' });
  screen.message(assistant({ type: 'text', text: 'First answer' }));
  expect(screen.conversation.waiting.size).toBe(1);
  screen.take('done', { turnId: 't1', status: 'completed' });
  screen.take('turn_started', { turnId: 't2' });
  expect(screen.printed).toEqual(['› Hi', '', 'First answer', '', '› Next']);
  expect(screen.conversation.waiting.size).toBe(0);
});

test('a model call that breaks and begins anew is told, and its text comes whole', () => {
  const screen = new Screen();
  screen.turn('t1');
  screen.message(delta('Once upon'));
  screen.message({ type: 'system', subtype: 'api_retry', attempt: 2, max_retries: 10, error_status: 529 });
  screen.message({ type: 'stream_event', event: { type: 'message_start' } });
  screen.message(delta('It was '));
  screen.message(assistant({ type: 'text', text: 'It was night.' }));
  expect(screen.printed.slice(1)).toEqual([
    ...['', 'Once upon', '', '(The connection to the model broke; it begins anew.)', '', 'It was night.'],
  ]);
});

test('a failed turn says why and what to do; running tools end with it', () => {
  const screen = new Screen();
  screen.turn('t1');
  screen.message(call('a', 'sleep 9'));
  screen.take('error', { error: 'The model API refused the key: 401', code: 'model_unauthorized' });
  screen.take('done', { turnId: 't1', status: 'failed' });
  expect(screen.printed.slice(1, 5)).toEqual([
    '',
    '✗ Bash sleep 9  interrupted',
    '',
    '✗ The model API refused the key: 401',
  ]);
  expect(screen.printed[5]).toContain('ANTHROPIC_API_KEY');
  expect(screen.live()).toEqual([]);
  screen.turn('t2', [{ type: 'text', text: 'See' }, { type: 'image' }]);
  screen.take('done', { turnId: 't2', status: 'interrupted' });
  expect(screen.printed.slice(-4)).toEqual(['› See', '  [image]', '', 'Interrupted']);
});

test('an approval waits until it is answered, here or elsewhere', () => {
  const screen = new Screen();
  screen.turn('t1');
  screen.message(call('a', 'rm x'), 0);
  const request = { approvalId: 'p1', toolName: 'Bash', toolUseId: 'a', input: { command: 'rm x' } };
  screen.take('approval', request, 0);
  expect(screen.live(500)).toEqual([]);
  screen.conversation.settle(screen.conversation.approvals[0] ?? request, true);
  expect(screen.conversation.approvals).toEqual([]);
  screen.take('approval_answered', { approvalId: 'p1', decision: 'deny', message: 'no' }, 9000);
  screen.message(result('a', 'denied', { is_error: true }), 9000);
  expect(screen.printed.slice(-2)).toEqual(['Bash was denied: no', '✗ Bash rm x  denied']);
});
