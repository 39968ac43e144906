/** A client library goes through three restarts of the server in one turn, and has the text of one that saw none. */
import { script } from '@ash-ai/scripted-model';
import { extractStreamDelta } from '@ash-ai/sdk';
import { expect, test } from 'vitest';
import { useAsh } from './harness.ts';
import { ToolGate } from './tool-gate.ts';

const use = useAsh();

function textIn(message: Record<string, unknown>): string {
  const { content } = message.message as { content: { type: string; text?: string }[] };
  return content.map(({ text = '' }) => text).join('');
}

test.each(['SIGTERM', 'SIGKILL'] as const)('by %s, with the TypeScript SDK', async (signal) => {
  const { ash } = use;
  const session = await ash.session();
  const gates = ['one', 'two', 'three'].map((name) => new ToolGate(ash, session.id, name));
  const texts = gates.map((_, nth) => `Part ${nth}: the words come out, whatever happens to the server. `);
  const steps = gates.map(({ tool }, nth) => ({ text: texts[nth] ?? '', chunk: 3, tools: [tool] }));
  const events = ash.client.sendMessageStream(session.id, script(...steps, { text: 'The end.', chunk: 2 }), {
    includePartialMessages: true,
  });
  // Deltas as they come; of those that were said while nobody was connected the complete message brings the rest.
  const print = async (): Promise<string> => {
    let printed = '';
    let open = '';
    for await (const { type, data } of events) {
      if (type === 'error') throw new Error(JSON.stringify(data));
      if (type !== 'message') continue;
      open += extractStreamDelta(data) ?? '';
      if (data.type !== 'assistant') continue;
      const whole = textIn(data);
      expect(whole.startsWith(open)).toBe(true);
      printed += whole;
      open = '';
    }
    return printed + open;
  };
  const restart = async (): Promise<void> => {
    for (const gate of gates) {
      await gate.running();
      if (signal === 'SIGTERM') expect(await ash.stop('SIGTERM')).toBe(0);
      else await ash.kill();
      await ash.start();
      await gate.open();
    }
  };
  const [printed] = await Promise.all([print(), restart()]);
  expect(printed).toBe(`${texts.join('')}The end.`);
});
