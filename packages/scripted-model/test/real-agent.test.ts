import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SDKMessage } from '@anthropic-ai/claude-agent-sdk';
import { describe, expect, test } from 'vitest';
import { type ModelRequest, script, startScriptedModel } from '../src/index.ts';
import { agentHome, resultOf, textOf } from './agent-run.ts';

const subtypes = (turn: readonly SDKMessage[] | undefined) =>
  (turn ?? []).map((message) => ('subtype' in message ? message.subtype : message.type));

function streamedText(turn: readonly SDKMessage[] | undefined): string[] {
  return (turn ?? []).flatMap((message) =>
    message.type === 'stream_event' &&
    message.event.type === 'content_block_delta' &&
    message.event.delta.type === 'text_delta'
      ? [message.event.delta.text]
      : [],
  );
}

describe('the real agent runtime', () => {
  test('remembers Alice over two turns, and in a new process', async () => {
    await using model = await startScriptedModel();
    await using home = await agentHome(model.url);
    const sessionId = randomUUID();
    const first = await home.run(['My name is Alice.', 'What is my name?'], { sessionId });
    expect(first.map(textOf)).toEqual(['Nice to meet you, Alice.', 'Your name is Alice.']);
    const [resumed] = await home.run(['And now: what is my name?'], { resume: sessionId });
    expect(textOf(resumed)).toBe('Your name is Alice.');
  });

  test('streams text, thinks, and writes files and runs commands for the persona', async () => {
    await using model = await startScriptedModel();
    await using home = await agentHome(model.url);
    const turns = await home.run(
      [
        script({ thinking: 'Let me think.', text: 'abcdef', deltas: 3 }),
        'Write a haiku.',
        'Write a file notes.txt saying "It works."',
        'Write a file notes.txt saying "It still works."',
        'Run `cat notes.txt`',
      ],
      { includePartialMessages: true },
    );
    expect(streamedText(turns[0])).toEqual(['ab', 'cd', 'ef']);
    expect(streamedText(turns[1]).length).toBeGreaterThan(5);
    expect(turns.slice(2).map(textOf)).toEqual([
      'I wrote notes.txt.',
      'I wrote notes.txt.',
      'Here is the output:\nIt still works.',
    ]);
    expect(await readFile(join(home.cwd, 'notes.txt'), 'utf8')).toBe('It still works.');
  });

  test('plays parallel tools, a subagent and a structured output by script', async () => {
    await using model = await startScriptedModel();
    await using home = await agentHome(model.url);
    const prompt = script(
      { tools: [{ name: 'Bash', input: { command: 'echo inner' } }] },
      'the subagent saw {{result}}',
    );
    const turns = await home.run([
      script(
        {
          tools: [
            { name: 'Write', input: { file_path: '{{cwd}}/a.txt', content: 'from a' } },
            { name: 'Bash', input: { command: 'echo outer' } },
          ],
        },
        'Bash said {{result}}',
      ),
      script(
        { tools: [{ name: 'Agent', input: { description: 'look', subagent_type: 'general-purpose', prompt } }] },
        'Agent said {{result}}',
      ),
    ]);
    expect(textOf(turns[0])).toBe('Bash said outer');
    expect(await readFile(join(home.cwd, 'a.txt'), 'utf8')).toBe('from a');
    expect(textOf(turns[1])).toContain('the subagent saw inner');
    const schema = { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'] };
    const [structured] = await home.run([script({ tools: [{ name: 'StructuredOutput', input: { answer: 42 } }] })], {
      outputFormat: { type: 'json_schema', schema },
    });
    expect(resultOf(structured)).toMatchObject({ structured_output: { answer: 42 } });
  });

  test('goes on by itself in the same script after a crash', async () => {
    let runtime: ChildProcess | undefined;
    let requests = 0;
    await using model = await startScriptedModel({
      onRequest: () => {
        requests += 1;
        if (requests === 2) runtime?.kill('SIGKILL');
      },
    });
    await using home = await agentHome(model.url);
    const sessionId = randomUUID();
    const prompt = script(
      { tools: [{ name: 'Bash', input: { command: 'echo once' } }] },
      { text: 'saw {{result}}', faults: [{ hang: 'headers' }] },
    );
    const crash = home.run([prompt], {
      sessionId,
      spawnClaudeCodeProcess: ({ command, args, cwd, env, signal }) => {
        const child = spawn(command, args, { cwd, env, signal, stdio: ['pipe', 'pipe', 'ignore'] });
        runtime = child;
        return child;
      },
    });
    await expect(crash).rejects.toThrow('SIGKILL');
    const [turn] = await home.run([], { resume: sessionId }, { CLAUDE_CODE_RESUME_INTERRUPTED_TURN: '1' });
    expect(textOf(turn)).toBe('saw once');
  });

  test('retries statuses and cut streams, and not against x-should-retry: false', async () => {
    const requests: ModelRequest[] = [];
    await using model = await startScriptedModel({
      onRequest: (request) => {
        requests.push(request);
      },
    });
    await using home = await agentHome(model.url);
    const turns = await home.run(
      [
        script({ text: 'after 529', faults: [{ status: 529, times: 2 }] }),
        script({ text: 'one two three', faults: [{ cut: 2 }] }),
        script({
          text: 'unreached',
          faults: [{ status: 429, times: 'always', shouldRetry: false, message: 'no more' }],
        }),
        'Hello',
      ],
      { includePartialMessages: true },
    );
    expect(textOf(turns[0])).toBe('after 529');
    expect(subtypes(turns[0]).filter((subtype) => subtype === 'api_retry')).toHaveLength(2);
    expect(textOf(turns[1])).toBe('one two three');
    // What came before the cut may be lost with the connection on a busy machine; all of it comes again.
    expect(streamedText(turns[1]).slice(-3)).toEqual(['one ', 'two ', 'three']);
    expect(resultOf(turns[2])).toMatchObject({ subtype: 'success', is_error: true, api_error_status: 429 });
    expect(textOf(turns[3])).toBe('Hello! What can I do for you?');
    expect(requests).toHaveLength(3 + 2 + 1 + 1);
  });
});
