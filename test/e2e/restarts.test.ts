/** A client library goes through three restarts of the server in one turn, and prints the text of one that saw none. */
import { script } from '@ash-ai/scripted-model';
import { AshClient, type AshStreamEvent, extractStreamDelta } from '@ash-ai/sdk';
import { expect, test } from 'vitest';
import { until, useAsh } from './harness.ts';
import { ToolGate } from './tool-gate.ts';

const use = useAsh();

/** Prints deltas, and nothing else. */
class Printer {
  text = '';
  /** Whether anything was printed that the library had to bring after. */
  recovered = false;

  async print(events: AsyncIterable<AshStreamEvent>): Promise<void> {
    for await (const { type, data } of events) {
      if (type === 'error') throw new Error(JSON.stringify(data));
      if (type !== 'message') continue;
      this.text += extractStreamDelta(data) ?? '';
      this.recovered ||= data.recovered === true;
    }
  }
}

const kinds = ['SIGTERM', 'SIGKILL'] as const;

async function restart(signal: (typeof kinds)[number]): Promise<void> {
  const { ash } = use;
  if (signal === 'SIGTERM') expect(await ash.stop('SIGTERM')).toBe(0);
  else await ash.kill();
  await ash.start();
}

test.each(kinds)('by %s while tools run', async (signal) => {
  const { ash } = use;
  const session = await ash.session();
  const gates = ['one', 'two', 'three'].map((name) => new ToolGate(ash, session.id, name));
  const texts = gates.map((_, nth) => `Part ${nth}: the words come out, whatever happens to the server. `);
  const steps = gates.map(({ tool }, nth) => ({ text: texts[nth] ?? '', chunk: 3, tools: [tool] }));
  const printer = new Printer();
  const restarts = async (): Promise<void> => {
    for (const gate of gates) {
      await gate.running();
      await restart(signal);
      await gate.open();
    }
  };
  const content = script(...steps, { text: 'The end.', chunk: 2 });
  const events = ash.client.sendMessageStream(session.id, content, { includePartialMessages: true });
  await Promise.all([printer.print(events), restarts()]);
  expect(printer.text).toBe(`${texts.join('')}The end.`);
});

test.each(kinds)('by %s while the model speaks, away for the whole life of a server', async (signal) => {
  const { ash } = use;
  const session = await ash.session();
  let here = Promise.withResolvers<void>();
  here.resolve();
  const client = new AshClient({
    serverUrl: 'http://ash.test',
    fetch: async (input, init) => {
      await here.promise;
      const headers = new Headers(init?.headers);
      headers.set('authorization', `Bearer ${ash.key}`);
      return await fetch(String(input).replace('http://ash.test', ash.url), { ...init, headers });
    },
  });
  const texts = ['First: half of it is heard. ', 'Second: as it comes. '].map((text) => text.repeat(4));
  const tools = [{ name: 'Bash', input: { command: 'true' } }];
  const content = script(...texts.map((text) => ({ text, chunk: 4, delayMs: 60, tools })), 'The end.');
  const printer = new Printer();
  const restarts = async (): Promise<void> => {
    await until(() => printer.text.length > 8);
    here = Promise.withResolvers();
    await restart(signal);
    // The message is committed, then the server is gone that could have shown how it came about.
    await until(async () => {
      const messages = await ash.client.listMessages(session.id);
      return messages.some(({ role, content }) => role === 'assistant' && content.includes(texts[0] ?? ''));
    });
    await restart(signal);
    here.resolve();
    await until(() => printer.text.includes('Second'));
    await restart(signal);
  };
  const events = client.sendMessageStream(session.id, content, { includePartialMessages: true });
  await Promise.all([printer.print(events), restarts()]);
  expect(printer.text).toBe(`${texts.join('')}The end.`);
  expect(printer.recovered).toBe(true);
});
