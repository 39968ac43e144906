import { describe, expect, test } from 'vitest';
import { readConversation } from '../src/conversation.ts';
import { script } from '../src/script.ts';
import { withTold } from '../src/told-calls.ts';

const user = (...content: unknown[]) => ({ role: 'user', content });
const assistant = (...content: unknown[]) => ({ role: 'assistant', content });
const text = (value: string) => ({ type: 'text', text: value });
const use = (id: string, name = 'Bash', input = {}) => ({ type: 'tool_use', id, name, input });
const result = (id: string, content: unknown, is_error = false) => ({
  type: 'tool_result',
  tool_use_id: id,
  content,
  is_error,
});
const reminder = text('<system-reminder>\nMy name is Wrong.\n</system-reminder>\n');
const read = (...messages: unknown[]) => readConversation({ messages });

describe('readConversation', () => {
  test('takes what the user said and leaves what the runtime said', () => {
    const { prompts, step } = read(user(reminder, text('one')), assistant(text('a')), { role: 'user', content: 'two' });
    expect(prompts).toEqual(['one', 'two']);
    expect(step).toBe(0);
  });

  test('counts the replies of the current turn', () => {
    const opened = [
      user(text('go')),
      assistant(use('1'), use('2', 'Write')),
      user(result('1', 'out'), result('2', [text('no')], true)),
    ];
    expect(read(...opened).step).toBe(1);
    expect(read(...opened).exchanges).toEqual([
      { name: 'Bash', input: {}, result: 'out', isError: false },
      { name: 'Write', input: {}, result: 'no', isError: true },
    ]);
    expect(read(...opened, assistant(use('3')), user(result('3', ''))).step).toBe(2);
  });

  test('counts a reply once when it comes back in pieces', () => {
    const { step } = read(
      user(text('go')),
      assistant(text('a')),
      { role: 'system', content: 'x' },
      assistant(use('1')),
      user(result('1', '')),
    );
    expect(step).toBe(1);
  });

  test('goes on in the same turn when the runtime resumes it', () => {
    const { prompts, step } = read(
      user(text('go')),
      assistant(use('1')),
      user(result('1', 'x'), text('Continue from where you left off.')),
    );
    expect({ prompts, step }).toEqual({ prompts: ['go'], step: 1 });
  });

  test('begins a new turn after a mended one', () => {
    const { prompts, step, exchanges } = read(
      user(text('go')),
      assistant(use('1')),
      user(result('1', 'x'), text('[Request interrupted by user for tool use]')),
      assistant(text('No response requested.')),
      user(text('next')),
    );
    expect({ prompts, step, exchanges }).toEqual({ prompts: ['go', 'next'], step: 0, exchanges: [] });
  });

  test('does not take the text of a skill for a prompt', () => {
    const { prompts, step } = read(
      user(text('go')),
      assistant(use('1', 'Skill')),
      user(result('1', 'Launching'), text('Base directory for this skill: /x\n\nSay hello.')),
    );
    expect({ prompts, step }).toEqual({ prompts: ['go'], step: 1 });
  });

  test('reads a slash command as it was typed', () => {
    const typed =
      '<command-message>greet</command-message>\n<command-name>/greet</command-name>\n<command-args>Bob</command-args>';
    expect(read(user(text(typed))).prompts).toEqual(['/greet Bob']);
  });

  test.each([
    { system: 'Working directory: /project space' },
    { system: [text('<env>\nWorking directory: /project space\n</env>')] },
    {
      messages: [
        user(text('hi')),
        { role: 'system', content: '# Environment\n - Primary working directory: /project space\n' },
      ],
    },
    { messages: [user(text('<system-reminder>Working directory: /project space\n</system-reminder>'), text('hi'))] },
  ])('finds the working directory in %j', (body) => {
    expect(readConversation({ messages: [user(text('hi'))], ...body }).workingDirectory).toBe('/project space');
  });

  test.each([{}, { messages: [] }, { messages: [5] }, { messages: [{ role: 'robot' }] }])('refuses %j', (body) => {
    expect(() => readConversation(body)).toThrow('messages: ');
  });
});

describe('withTold', () => {
  const call = { name: 'Bash', input: { command: 'one' } };
  const next = { name: 'Bash', input: { command: 'after {{result}}' } };
  const prompt = text(script({ tools: [call] }, { tools: [next] }, 'The end: {{result}}'));
  const note = (...lines: object[]) =>
    text(`<system-reminder>\nLost:\n${lines.map((line) => JSON.stringify(line)).join('\n')}\n</system-reminder>`);
  const ended = { tool: 'Bash', input: call.input, outcome: 'ended', result: 'first' };
  const stepOf = (...messages: unknown[]) => {
    const { step, exchanges } = withTold(read(...messages));
    return [step, exchanges.map(({ result: said }) => said)];
  };

  test('skips steps whose calls were made, with their results', () => {
    const second = { tool: 'Bash', input: { command: 'after first' }, outcome: 'ended', result: 'second' };
    expect(stepOf(user(prompt, note(ended)))).toEqual([1, ['first']]);
    expect(stepOf(user(prompt, note(ended, second)))).toEqual([2, ['first', 'second']]);
  });

  test('puts a result in the place of what cut it off', () => {
    const cut = result('1', 'interrupted, outcome unknown', true);
    expect(stepOf(user(prompt), assistant(use('1', 'Bash', call.input)), user(cut), user(note(ended)))).toEqual([
      1,
      ['first'],
    ]);
  });

  test('makes a call again whose outcome is unknown', () => {
    expect(stepOf(user(prompt, note({ ...ended, outcome: 'unknown', result: undefined })))).toEqual([0, []]);
  });

  test('goes on after the steps that it skipped', () => {
    expect(stepOf(user(prompt, note(ended)), assistant(use('2', 'Bash', { command: 'after first' })))[0]).toBe(2);
  });

  test('forgets what was told before the last prompt', () => {
    expect(stepOf(user(prompt, note(ended)), assistant(text('a')), user(prompt))).toEqual([0, []]);
  });
});
