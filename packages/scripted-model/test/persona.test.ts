import { describe, expect, test } from 'vitest';
import { readConversation, type ToolExchange } from '../src/conversation.ts';
import { personaReply } from '../src/persona.ts';

const everyTool = ['Write', 'Bash'];

function reply(
  prompts: readonly string[],
  tools: readonly string[] = everyTool,
  exchanges: readonly ToolExchange[] = [],
) {
  const conversation = readConversation({
    system: 'Working directory: /project',
    tools: tools.map((name) => ({ name })),
    messages: prompts.flatMap((content) => [
      { role: 'user', content },
      { role: 'assistant', content: 'Fine.' },
    ]),
  });
  return personaReply({ ...conversation, exchanges });
}

describe('the persona', () => {
  test.each([
    [['My name is Alice.'], 'Nice to meet you, Alice.'],
    [['My name is Alice and I like tea.', 'What is my name?'], 'Your name is Alice.'],
    [['My name is Alice.', 'My name is Zoë Ann Müller.', "What's my name?"], 'Your name is Zoë Ann Müller.'],
    [['What is my name?'], "I don't know your name yet. What is it?"],
    [['Hello'], 'Hello! What can I do for you?'],
    [['My name is Bob.', 'hi there'], 'Hello, Bob! What can I do for you?'],
    [['Count to 4'], '1, 2, 3, 4.'],
  ])('answers %j', (prompts, text) => {
    expect(reply(prompts)).toEqual({ text });
  });

  test('writes a haiku of three lines', () => {
    expect(reply(['Write a haiku about files.']).text?.split('\n')).toHaveLength(3);
  });

  test('echoes what it does not understand', () => {
    expect(reply(['Blue whales sing.']).text).toContain('"Blue whales sing."');
  });

  test.each([
    ['Write a file notes.txt with hello world.', 'notes.txt', 'hello world'],
    ['Please leave a note in notes.txt saying "It works."', 'notes.txt', 'It works.'],
    ['Create a file called `a/b.md` containing the text hi', 'a/b.md', 'hi'],
    ['write README with ```\nline 1\nline 2\n```', 'README', 'line 1\nline 2'],
  ])('calls Write for %j', (prompt, name, content) => {
    expect(reply([prompt]).tools).toEqual([{ name: 'Write', input: { file_path: `/project/${name}`, content } }]);
  });

  test('falls back to Bash when Write is not offered', () => {
    const [call] = reply(["write it's.txt with x", 'write a.txt saying END'], ['Bash']).tools ?? [];
    expect(call?.input?.command).toBe("cat > 'a.txt' <<'END_'\nEND\nEND_");
  });

  test.each([
    ['List the files', 'ls -A'],
    ['Which files are here?', 'ls -A'],
    ['Run `echo "hi there"`', 'echo "hi there"'],
    ['please run the command: ls -la', 'ls -la'],
    ['What does notes.txt say?', "cat 'notes.txt'"],
  ])('calls Bash for %j', (prompt, command) => {
    expect(reply([prompt]).tools).toMatchObject([{ name: 'Bash', input: { command } }]);
  });

  test('says so when no tool is offered', () => {
    expect(reply(['List the files'], [])).toEqual({
      text: 'I would need a tool for that, and none was offered to me.',
    });
  });

  test('confirms what the tools did', () => {
    const write = { name: 'Write', input: { file_path: '/project/a.txt', content: 'x' }, result: 'ok', isError: false };
    const bash = { name: 'Bash', input: { command: 'ls' }, result: 'a.txt', isError: false };
    expect(reply(['x'], everyTool, [write])).toEqual({ text: 'I wrote a.txt.' });
    expect(reply(['x'], everyTool, [bash])).toEqual({ text: 'Here is the output:\na.txt' });
    expect(reply(['x'], everyTool, [{ ...bash, isError: true }])).toEqual({ text: 'That did not work: a.txt' });
  });

  test('writes with Bash when Write has refused', () => {
    const refused = { name: 'Write', input: { file_path: '/w/a.txt', content: 'x' }, result: 'read it', isError: true };
    const [call] = reply(['x'], everyTool, [refused]).tools ?? [];
    expect(call?.input?.command).toBe("cat > '/w/a.txt' <<'END'\nx\nEND");
  });

  test('fills in a schema when one is asked for', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { enum: ['x', 'y'] }, c: { type: 'array', items: { type: 'integer' } } },
    };
    const messages = [{ role: 'user', content: 'Hello' }];
    const tools = [{ name: 'StructuredOutput', input_schema: schema }];
    const sample = { a: 'Hello! What can I do for you?', b: 'x', c: [1] };
    expect(personaReply(readConversation({ messages, tools })).tools).toEqual([
      { name: 'StructuredOutput', input: sample },
    ]);
    const titled = readConversation({ messages, output_config: { format: { type: 'json_schema', schema } } });
    expect(JSON.parse(personaReply(titled).text ?? '')).toEqual({ a: 'Hello', b: 'x', c: [1] });
  });
});
