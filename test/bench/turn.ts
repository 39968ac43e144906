/** One turn through the TypeScript SDK, with the instants that count. */
import { script } from '@ash-ai/scripted-model';
import type { AshStreamEvent } from '@ash-ai/sdk';
import type { AshServer } from './ash-server.ts';

export const hello = script({ text: 'Hello, this is a short answer of the scripted model.' });

export interface Times {
  /** First byte of the answer. */
  byte: number;
  /** First event that comes from the agent's runtime. */
  agent: number;
  whole: number;
}

/** Times since `start`, in ms. */
export async function turn(server: AshServer, sessionId: string, start: number): Promise<Times> {
  const times: Times = { byte: Number.NaN, agent: Number.NaN, whole: Number.NaN };
  for await (const event of server.client.sendMessageStream(sessionId, hello, { includePartialMessages: true })) {
    const ms = performance.now() - start;
    if (Number.isNaN(times.byte)) times.byte = ms;
    if (Number.isNaN(times.agent) && isSystem(event)) times.agent = ms;
    if (event.type === 'error') throw new Error(`the turn failed: ${JSON.stringify(event.data)}`);
    times.whole = ms;
  }
  return times;
}

function isSystem(event: AshStreamEvent): boolean {
  return event.type === 'message' && event.data.type === 'system';
}
