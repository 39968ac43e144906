/** The outbox: what leaves the sandbox is noted in between without a reader of the conversation noticing. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseFrame } from '@ash-ai/shared/bridge-wire';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Outbox } from '../src/outbox.ts';
import { Spool } from '../src/spool.ts';

type Step = 'message' | 'preview' | 'egress';

/** The lines that a server gets that attaches after frame `acked`, which it had acked, without egress ones. */
async function seen(steps: readonly Step[], acked: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ash-outbox-'));
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const accepted = once(server, 'connection');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [socket] = await accepted;
  try {
    const spool = new Spool(join(folder, 'spool'), 'life');
    const outbox = new Outbox(spool);
    let kept = 0;
    let toAck = 0;
    for (const step of steps) {
      if (step === 'preview') outbox.preview('turn', '{}');
      else {
        outbox.keep({ kind: step, turnId: 'turn' }, '{}');
        if (step === 'message') kept += 1;
        // Whatever follows the acked message is noted with it.
        if (kept === acked) toAck = spool.lastN;
      }
    }
    outbox.ack(toAck);
    outbox.attach(socket, toAck);
    socket.end();
    let text = '';
    for await (const chunk of client) text += String(chunk);
    const headers = text.split('\n').flatMap((line) => (line === '' ? [] : [parseFrame(line).header]));
    return headers.flatMap((header) => {
      if (header.kind === 'preview') return [`preview ${header.index}`];
      return header.kind === 'message' ? ['message'] : [];
    });
  } finally {
    client.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(folder, { recursive: true });
  }
}

test('previews are counted and replayed as if nothing had left the sandbox', async () => {
  const step = fc.constantFrom<Step>('message', 'preview', 'egress');
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 0, max: 5 }), async (steps, acked) => {
      const quiet = steps.filter((step) => step !== 'egress');
      expect(await seen(steps, acked)).toEqual(await seen(quiet, acked));
    }),
    { numRuns: 60 },
  );
});
