/** The TypeScript examples of the skill page as they are written there, against a server; Python's are run by its own tests. */
import { AshClient, extractStreamDelta, extractTextFromEvent } from '@ash-ai/sdk';
import { expect, test, vi } from 'vitest';
import { useAsh } from './harness.ts';

const use = useAsh();

test('quick start, streaming, several turns, life of a session', async () => {
  const { ash } = use;
  await ash.client.deployAgent('my-agent', await ash.agentFolder('my-agent', { 'CLAUDE.md': '# Mine\n' }));
  const printed: unknown[] = [];
  using _log = vi.spyOn(console, 'log').mockImplementation((...args) => void printed.push(...args));
  using _error = vi.spyOn(console, 'error').mockImplementation((...args) => void printed.push(...args));
  const written: unknown[] = [];
  using _write = vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(text) > 0);

  const client = new AshClient({
    serverUrl: ash.url,
    apiKey: ash.key, // optional in local dev mode
  });
  {
    const session = await client.createSession('my-agent');
    console.log(session.id); // "a1b2c3d4-..."
    console.log(session.status); // "active"
    for await (const event of client.sendMessageStream(session.id, 'Hello!')) {
      if (event.type === 'message') {
        const text = extractTextFromEvent(event.data);
        if (text) console.log(text);
      } else if (event.type === 'error') {
        console.error('Error:', event.data.error);
      } else if (event.type === 'done') {
        console.log('Turn complete.');
      }
    }
    for await (const event of client.sendMessageStream(session.id, 'Write a haiku.', {
      includePartialMessages: true,
    })) {
      if (event.type === 'message') {
        const delta = extractStreamDelta(event.data);
        if (delta) process.stdout.write(delta);
      }
    }
    await client.endSession(session.id);
    expect(printed).toEqual([session.id, 'active', expect.stringMatching(/\S/), 'Turn complete.']);
    expect(written.join('')).toMatch(/\S/);
  }
  printed.length = 0;
  {
    const session = await client.createSession('my-agent');
    for await (const _event of client.sendMessageStream(session.id, 'My name is Alice.')) {
      // Agent acknowledges
    }
    for await (const event of client.sendMessageStream(session.id, 'What is my name?')) {
      if (event.type === 'message') {
        const text = extractTextFromEvent(event.data);
        if (text) console.log(text); // "Your name is Alice."
      }
    }
    expect(printed).toEqual(['Your name is Alice.']);
    // Pause (sandbox may stay alive for fast resume)
    await client.pauseSession(session.id);
    expect((await client.getSession(session.id)).status).toBe('paused');
    // Resume (warm path if sandbox alive, cold path restores from snapshot)
    await client.resumeSession(session.id);
    expect((await client.getSession(session.id)).status).toBe('active');
    // End permanently
    await client.endSession(session.id);
    expect((await client.getSession(session.id)).status).toBe('ended');
  }
});
