import { expect, test } from 'vitest';
import { Asker } from '../../src/chat/asker.ts';
import { Editor } from '../../src/chat/input/editor.ts';
import { editorLines } from '../../src/chat/input/editor-lines.ts';
import { type Key, KeyReader } from '../../src/chat/input/keys.ts';
import { lineText } from '../../src/chat/screen/line.ts';

const key = (name: string, more: Partial<Key & { kind: 'key' }> = {}): Key => ({
  kind: 'key',
  name,
  text: '',
  ctrl: false,
  meta: false,
  ...more,
});
const ctrl = (name: string): Key => key(name, { ctrl: true });

function type(editor: Editor, text: string): void {
  for (const letter of text) editor.edit(key('', { text: letter }));
}

test('lines are broken, joined and walked through; words and characters go as a whole', () => {
  const editor = new Editor();
  type(editor, 'one two\\');
  expect(editor.edit(key('return'))).toBe('changed');
  type(editor, 'e\u0301👩‍👩‍👧‍👦');
  expect(editor.text).toBe('one two\ne\u0301👩‍👩‍👧‍👦');
  editor.edit(key('backspace'));
  editor.edit(key('left'));
  expect(editor.at).toBe(8);
  editor.edit(key('up'));
  editor.edit(ctrl('e'));
  editor.edit(ctrl('w'));
  expect(editor.text).toBe('one \ne\u0301');
  editor.edit(key('return', { meta: true }));
  expect(editor.text).toBe('one \n\ne\u0301');
  expect(editor.edit({ kind: 'paste', text: 'a\nb' })).toBe('changed');
  expect(editor.edit(key('return'))).toBe('submit');
});

test('what was sent comes back, and what was being typed too', () => {
  const editor = new Editor();
  for (const text of ['first', 'second']) {
    type(editor, text);
    editor.take();
  }
  type(editor, 'draft');
  editor.edit(key('up'));
  editor.edit(key('up'));
  expect(editor.text).toBe('first');
  for (const _ of 'xxx') editor.edit(key('down'));
  expect(editor.text).toBe('draft');
});

test('the line is shown with its cursor, and only the part around it', () => {
  const lines = (text: string, at: number, width: number, most: number) => {
    const { lines, cursor } = editorLines({ text, at }, { text: '› ' }, width, most);
    return { lines: lines.map(lineText), cursor };
  };
  expect(lines('日本語 text', 3, 80, 5)).toEqual({ lines: ['› 日本語 text'], cursor: { row: 0, column: 8 } });
  expect(lines('abcdefgh', 8, 7, 5)).toEqual({ lines: ['› abcd', '  efgh'], cursor: { row: 1, column: 6 } });
  expect(lines('a\nb\nc\nd', 7, 80, 2)).toEqual({ lines: ['  c', '  d'], cursor: { row: 1, column: 3 } });
});

test('a paste is one text, also with line breaks and what looks like keys', () => {
  const seen: Key[] = [];
  const reader = new KeyReader((each) => seen.push(each));
  reader.take(undefined, { name: 'paste-start' });
  for (const sequence of ['a', '\r', '\x03', 'b']) reader.take(sequence, { sequence });
  reader.take(undefined, { name: 'paste-end' });
  reader.take('c', { name: 'c', sequence: '\x03', ctrl: true });
  expect(seen).toEqual([{ kind: 'paste', text: 'a\n\x03b' }, ctrl('c')]);
});

test('no half of a word gives leave: letters decide only on an empty line and after a moment', () => {
  const editor = new Editor();
  const answers: unknown[] = [];
  const asker = new Asker(editor, {
    answer: (_, answer) => answers.push(answer),
    trust: () => undefined,
    note: () => undefined,
  });
  const request = { approvalId: 'p', toolName: 'Bash', toolUseId: 't', input: { command: 'rm -rf /' } };
  const press = (text: string, nowMs: number) => {
    const each = key(text, { text });
    const taken = asker.take(each, nowMs);
    if (!taken) editor.edit(each);
    return taken;
  };
  asker.see([request], 1000);
  expect(press('y', 1100)).toBe(false);
  expect(press('y', 5000)).toBe(false);
  expect([answers, editor.text]).toEqual([[], 'yy']);
  editor.take();
  press('e', 5000);
  expect(editor.text).toBe('rm -rf /');
  editor.set('ls');
  asker.take(key('return'), 5000);
  expect(answers).toEqual([{ decision: 'allow', updatedInput: { command: 'ls' } }]);
  press('y', 5000);
  expect(answers.at(-1)).toEqual({ decision: 'allow' });
});
